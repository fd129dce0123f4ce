"""Until when certificates hold that the portal shows and rests on: each is asked for as its client does, verified."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import connection

from mfa.health import openings

PATIENCE = 5
USUAL = {
    "https": 443, "ldaps": 636, "ldap": 389, "smtps": 465, "smtp+starttls": 587, "rediss": 6379, "amqps": 5671,
}  # fmt: skip
AT_ONCE = ("https", "ldaps", "smtps", "rediss", "amqps")


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
    """No TLS came about, for the cause in words. `verified` is False where the server answered and its TLS does not
    hold, so that no client of the portal's gets through; True where nothing is known of it."""

    def __init__(self, cause: str, *, verified: bool = True) -> None:
        super().__init__(cause)
        self.verified = verified


def places() -> list[Place]:
    """The servers that the settings name, each once; one without TLS is left out."""
    return list(dict.fromkeys(_named()))


def valid_until(place: Place) -> datetime:
    """When the certificate ends that is shown there. Raises Unreached."""
    context = _trusting(place.ca_file)
    try:
        with socket.create_connection((place.host, place.port), PATIENCE) as plain:
            openings.say(plain, place.opening)
            with context.wrap_socket(plain, server_hostname=place.host) as shown:
                certificate = shown.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise Unreached(error.verify_message, verified=False) from None
    except openings.NoTls as error:
        raise Unreached(str(error), verified=False) from None
    except ssl.SSLEOFError:
        raise Unreached("it hung up before TLS began") from None
    except ssl.SSLError as error:
        reason = (error.reason or "no handshake").lower().replace("_", " ")
        raise Unreached(f"it answers, but TLS does not come about ({reason})", verified=False) from None
    except (OSError, ValueError) as error:
        raise Unreached(_in_words(error)) from None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError:
        raise Unreached("the file of its authority cannot be read here", verified=False) from None


def _in_words(error: Exception) -> str:
    match error:
        case socket.gaierror():
            return "its name leads to no address"
        case ConnectionRefusedError():
            return "nothing listens there"
        case TimeoutError():
            return f"no answer within {PATIENCE} seconds"
        case ConnectionError():
            return "it hung up before TLS began"
    return type(error).__name__


def _named() -> Iterator[Place]:
    yield from _place(settings.PUBLIC_URL)
    if settings.LDAP_START_TLS or settings.LDAP_URL.startswith("ldaps:"):
        yield from _place(settings.LDAP_URL, "ldap", settings.LDAP_CA_FILE)
    yield from _place(settings.EMAIL_URL, "smtp")
    for name in settings.SMS_GATEWAYS:
        yield from _place(getattr(settings, f"SMS_{name.upper()}_URL", ""))
    for url in (settings.CELERY_BROKER_URL, str(settings.CACHES["default"].get("LOCATION", ""))):
        yield from _place(url, ca_file=parse_qs(urlsplit(url).query).get("ssl_ca_certs", [""])[0])
    yield from _database(connection.settings_dict)


def _place(url: str, opening: str = "", ca_file: str = "") -> Iterator[Place]:
    parts = urlsplit(url)
    if parts.hostname and parts.scheme in USUAL:
        own = "" if parts.scheme in AT_ONCE else opening
        yield Place(parts.hostname, parts.port or USUAL[parts.scheme], own, ca_file)


def _database(config: dict[str, object]) -> Iterator[Place]:
    """Only where the connection itself verifies the name: with a looser `sslmode` no certificate is rested on."""
    options = config.get("OPTIONS") or {}
    if isinstance(options, dict) and options.get("sslmode") == "verify-full":
        ca_file = str(options.get("sslrootcert", ""))
        trusted = "" if ca_file == "system" else ca_file
        yield Place(str(config["HOST"]), int(str(config["PORT"] or 5432)), "postgres", trusted)
