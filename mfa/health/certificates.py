"""Until when certificates hold that the portal shows and rests on: each is asked for as its client does, verified."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

PATIENCE = 5
LDAP_START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
"""The extended request of RFC 4511 4.14 as the first message of a connection."""
USUAL = {"https": 443, "ldaps": 636, "ldap": 389, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True, slots=True)
class Place:
    """A server with a certificate; `opening` is how TLS begins there: at once, or by what protocol's own word."""

    host: str
    port: int
    opening: str = ""
    ca_file: str = ""

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


class Unreached(Exception):
    """No TLS came about. `verified` is False where a certificate was shown that does not hold."""

    def __init__(self, cause: str, *, verified: bool = True) -> None:
        super().__init__(cause)
        self.verified = verified


def places() -> list[Place]:
    """The servers that the settings name, each once; one without TLS is left out."""
    return list(dict.fromkeys(_named()))


def valid_until(place: Place) -> datetime:
    """When the certificate ends that is shown there. Raises Unreached."""
    context = ssl.create_default_context(cafile=place.ca_file or None)
    try:
        with socket.create_connection((place.host, place.port), PATIENCE) as plain:
            _open(plain, place.opening)
            with context.wrap_socket(plain, server_hostname=place.host) as shown:
                certificate = shown.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise Unreached(error.verify_message, verified=False) from None
    except (OSError, ValueError) as error:
        raise Unreached(type(error).__name__) from None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)


def _open(plain: socket.socket, opening: str) -> None:
    """Say what comes before TLS."""
    if opening == "ldap":
        plain.sendall(LDAP_START_TLS)
        plain.recv(1024)
    elif opening == "smtp":
        for said in (b"EHLO portal\r\n", b"STARTTLS\r\n"):
            plain.recv(4096)
            plain.sendall(said)
        plain.recv(4096)


def _named() -> Iterator[Place]:
    yield from _place(settings.PUBLIC_URL)
    if settings.LDAP_START_TLS or settings.LDAP_URL.startswith("ldaps:"):
        yield from _place(settings.LDAP_URL, "ldap", settings.LDAP_CA_FILE)
    yield from _place(settings.EMAIL_URL, "smtp")
    for name in settings.SMS_GATEWAYS:
        yield from _place(getattr(settings, f"SMS_{name.upper()}_URL", ""))


def _place(url: str, opening: str = "", ca_file: str = "") -> Iterator[Place]:
    parts = urlsplit(url)
    if parts.hostname and parts.scheme in USUAL:
        at_once = parts.scheme in ("https", "ldaps", "smtps")
        yield Place(parts.hostname, parts.port or USUAL[parts.scheme], "" if at_once else opening, ca_file)
