"""What FreeRADIUS's rlm_rest sends and is told: RADIUS attributes <-> a question and its reply (RFC 2865).

rlm_rest turns the bytes of a UTF-8 value one by one into characters, so text comes as Latin-1 of UTF-8. Only status
200 with Auth-Type makes FreeRADIUS accept; a refusal is status 401, a question 200 with an Access-Challenge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac
from ninja import Schema
from pydantic import ConfigDict, Field

from accounts import names
from accounts.addresses import of_endpoint
from mfa.models import Application
from mfa.outcomes import PAP_NEEDED
from mfa.verification import log
from mfa.verification.dialogue import Asked, Reply

PAP = "This server needs PAP."
LONGEST = 253
"""Bytes in the value of an attribute."""
CODE = re.compile(r"[0-9A-Fa-f]+")
"""What codes of an app, a token and mOTP are made of; the end of a password that is anything else is no code."""
PERSON = "Address of the person, if the application believes it"


class Attributes(Schema):
    """The request as deploy/freeradius sends it; every value is a text of at most 253 bytes."""

    model_config = ConfigDict(strict=True, extra="forbid", populate_by_name=True)

    username: str = Field(
        alias="User-Name", min_length=1, max_length=LONGEST, description="As it was typed", examples=["alice"]
    )
    password: str = Field(alias="User-Password", default="", max_length=LONGEST, description="Password, code, or both")
    state: str = Field(alias="State", default="", max_length=2 * LONGEST + 2, description="Of the challenge")
    identifier: str = Field(alias="Identifier", max_length=LONGEST, description="Of the packet", examples=["1"])
    authenticator: str = Field(
        alias="Authenticator", pattern=r"^0x[0-9a-f]{32}$", examples=["0x00112233445566778899aabbccddeeff"],
        description="Of the packet: with Identifier it tells a retransmission",
    )  # fmt: skip
    client: str = Field(alias="Client", default="", max_length=LONGEST, description="Short name of the gateway")
    source: str = Field(alias="Packet-Src-IP-Address", default="", max_length=LONGEST, description="Of the gateway")
    nas: str = Field(alias="NAS-Identifier", default="", max_length=LONGEST, description="As the gateway says")
    nas_address: str = Field(alias="NAS-IP-Address", default="", max_length=LONGEST, description="As the gateway says")
    calling: str = Field(alias="Calling-Station-Id", default="", max_length=LONGEST, description=PERSON)
    tunnel: str = Field(alias="Tunnel-Client-Endpoint", default="", max_length=LONGEST, description=PERSON)


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):
    """A value that cannot be what a gateway sends; `name` is the attribute's."""

    name: str


def asked(application: Application, sent: Attributes) -> Asked:
    """The question of this request. Raises Unreadable."""
    text = _text(sent.password, "User-Password")
    password, code = split(application, text) if not sent.state else ("", text)
    return Asked(
        application=application,
        username=_text(sent.username, "User-Name"),
        password=password,
        code=code,
        state=_state(sent.state),
        address=_address(application, sent),
        gateway=_readable(sent.client or sent.nas or sent.source)[:100],
    )


def request_key(application: Application, sent: Attributes) -> str:
    """The same for every retransmission of one request and for nothing else (RFC 2865 section 2, RFC 5080 2.2.2)."""
    parts = (
        application.slug, sent.client, sent.source, sent.identifier, sent.authenticator, sent.username, sent.state,
        sent.password, sent.calling, sent.tunnel,
    )  # fmt: skip
    # Keyed, because a password is in it; JSON, so that no two requests write the same text.
    return salted_hmac("mfa.api.radius", json.dumps(parts), algorithm="sha256").hexdigest()


def request_id(sent: Attributes) -> str:
    """What FreeRADIUS's own log can be searched for: the site writes the same name of the request there."""
    return named(sent.authenticator)


def named(authenticator: str) -> str:
    """`request_id` of the request with this authenticator in hexadecimal digits."""
    return "radius-" + authenticator.removeprefix("0x")[:16]


def split(application: Application, text: str) -> tuple[str, str]:
    """Password and code out of what was typed in one field, as the application has it; no code where none was typed,
    so that one is asked for."""
    match application.mode:
        case Application.Mode.CODE_ONLY:
            return "", text
        case Application.Mode.PASSWORD_THEN_CODE:
            return text, ""
    if application.separator:
        password, found, code = text.rpartition(application.separator)
        return (password, code) if found else (text, "")
    password, code = text[: -application.code_length], text[-application.code_length :]
    return (password, code) if CODE.fullmatch(code) else (text, "")


def judged_unread(asked: Asked, *, now: datetime) -> Reply:
    """The refusal, on record, of a request without a User-Password: by CHAP, MS-CHAPv2 or EAP only a hash of what was
    typed arrives, in which no code can be found."""
    log.write(
        None, names.normalise(asked.name), PAP_NEEDED, application=asked.application.slug, gateway=asked.gateway,
        address=asked.address, now=now,
    )  # fmt: skip
    return Reply(PAP_NEEDED, PAP)


def response(application: Application, reply: Reply) -> tuple[int, dict[str, Any]]:
    """Status and body for rlm_rest. Nothing of the request is in it."""
    words = {"reply:Reply-Message": _value(reply.words)} if reply.words else {}
    if reply.accepted:
        return 200, {"control:Auth-Type": "Accept", **words, **_attributes(application, reply)}
    if reply.state:
        question = {"control:Response-Packet-Type": "Access-Challenge", "control:Auth-Type": "Accept"}
        return 200, {**question, "reply:State": _value("0x" + reply.state.encode().hex()), **words}
    return 401, words


def _value(text: str) -> dict[str, Any]:
    """In the long form, since FreeRADIUS would carry out what stands in `%{}` of the short one."""
    return {"value": [plain(text)], "op": ":=", "do_xlat": False}


def plain(text: str) -> str:
    """What fits into an attribute and one line of a VPN client: no control characters, at most 253 bytes of UTF-8."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line.encode()[:LONGEST].decode(errors="ignore")


def _attributes(application: Application, reply: Reply) -> dict[str, Any]:
    """Everybody's, then those of the person's groups in the order of their names; the last word on a name counts."""
    by_group: Mapping[str, Mapping[str, str]] = application.reply_attributes
    if not by_group or reply.user is None:
        return {}
    groups = ["", *sorted(reply.user.groups.filter(name__in=by_group).values_list("name", flat=True))]
    return {f"reply:{name}": _value(value) for group in groups for name, value in by_group.get(group, {}).items()}


def _readable(value: str) -> str:
    """The text of what is for the log alone, as it came where it is no UTF-8."""
    try:
        return _text(value, "")
    except Unreadable:
        return value


def _text(value: str, name: str) -> str:
    try:
        text = value.encode("latin-1").decode("utf-8") if not value.isascii() else value
    except UnicodeEncodeError:
        text = value  # whole characters, from a sender that is no rlm_rest
    except UnicodeDecodeError:
        raise Unreadable(name) from None
    if "\0" in text:
        raise Unreadable(name)
    return text


def _state(value: str) -> str:
    """rlm_rest gives octets as 0x and hexadecimal digits."""
    if not value.startswith("0x"):
        return value
    try:
        return bytes.fromhex(value[2:]).decode("ascii")
    except ValueError:
        raise Unreadable("State") from None


def _address(application: Application, sent: Attributes) -> str:
    """The person's address, out of the one attribute that this application is believed in; empty for none."""
    match application.address_attribute:
        case Application.AddressAttribute.CALLING_STATION:
            return of_endpoint(sent.calling)
        case Application.AddressAttribute.TUNNEL_CLIENT:
            return of_endpoint(sent.tunnel)
    return ""
