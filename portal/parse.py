"""What the text of a setting means. Each function raises ValueError with one clause that never holds the value."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
from phonenumbers import SUPPORTED_REGIONS

import mfa.factors
from accounts import memberships, places
from accounts.places import Place

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PLACEHOLDERS = ("change-me", "changeme", "insecure", "example", "placeholder", "secret")
BROKER_SCHEMES = ("filesystem", "redis", "rediss", "amqp", "amqps")
ADDRESS = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
SHARE = re.compile(r"([0-9]{1,3})\s*%\s*,\s*([0-9]{1,9})")
MAIL_SCHEMES = ("inbox", "smtp", "smtp+starttls", "smtps")


def secret(text: str) -> str:
    if len(text) < 50 or any(word in text.lower() for word in PLACEHOLDERS):
        raise ValueError("must be a random text of 50 characters or more, not a placeholder")
    return text


def key(text: str) -> str:
    """A key that is shown by who asks, or empty for none."""
    if text and (len(text) < 32 or any(word in text.lower() for word in PLACEHOLDERS)):
        raise ValueError("must be a random text of 32 characters or more, not a placeholder")
    return text


def key_ring(text: str) -> dict[str, bytes]:
    """`id:base64,id:base64` -> key bytes by id, in order; the first one writes."""
    ring: dict[str, bytes] = {}
    for item in text.split(","):
        key_id, _, encoded = item.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id.isalnum() or len(key) != 32 or len(set(key)) < 8:
            raise ValueError("must be id:key pairs separated by commas, each key 32 random bytes in base64")
        if key_id in ring:
            raise ValueError("names one key id twice")
        ring[key_id] = key
    return ring


def public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be the portal's address without a path, such as https://2fa.your-organisation.org")
    return f"{parts.scheme}://{parts.netloc}"


def factors(text: str) -> list[str]:
    known = {found.name for found in iter_modules(mfa.factors.__path__) if found.ispkg}
    slugs = text.replace(",", " ").split()
    if not slugs or len(set(slugs)) < len(slugs) or not set(slugs) <= known:
        raise ValueError(f"must name each kind of factor once, out of {', '.join(sorted(known))}")
    return slugs


def folder(text: str) -> Path:
    """The folder, made if it is missing."""
    try:
        Path(text).mkdir(parents=True, exist_ok=True)
    except OSError:
        raise ValueError("must be a folder that exists or that can be made here") from None
    return Path(text)


def time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be a time zone such as Europe/Berlin") from None


def networks(text: str) -> list[Network]:
    try:
        return [ipaddress.ip_network(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise ValueError("must be addresses or networks separated by commas, such as 10.0.0.5 or 10.0.0.0/24") from None


def database(text: str) -> dict[str, Any]:
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(text, conn_max_age=600, conn_health_checks=True))
    except ValueError:
        raise ValueError("must be sqlite:///path or postgres://user:password@host/name") from None
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif config["ENGINE"].endswith("postgresql"):
        _pool(config)
    else:
        raise ValueError("must name SQLite or PostgreSQL")
    return config


def _pool(config: dict[str, Any]) -> None:
    """What a pooler between here and the server leaves of a session: all of it, or one transaction at a time."""
    options = config.setdefault("OPTIONS", {})
    match options.pop("pooling", "session"):
        case "session":
            # Lets accounts.compiled have its few statements planned once; Django's own cursors never do.
            options.setdefault("prepare_threshold", 1)
        case "transaction":
            options["prepare_threshold"], config["DISABLE_SERVER_SIDE_CURSORS"] = None, True
        case _:
            raise ValueError("must say ?pooling=session or ?pooling=transaction, if it says how the pooler works")


def cache(text: str) -> dict[str, Any]:
    if text == "locmem://":
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if text.startswith(("redis://", "rediss://")):
        patience = {"socket_connect_timeout": 1.0, "socket_timeout": 1.0}
        return {"BACKEND": "portal.forgetful.ForgetfulRedisCache", "LOCATION": text, "OPTIONS": patience}
    raise ValueError("must be locmem:// or redis://host:port/number")


def mail(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in MAIL_SCHEMES or (parts.scheme != "inbox" and not parts.hostname):
        raise ValueError("must be smtp+starttls://user:password@host:587, smtps://..., smtp://... or inbox://")
    return text


def region(text: str) -> str | None:
    if not text:
        return None
    if text.upper() not in SUPPORTED_REGIONS:
        raise ValueError("must be a two-letter country such as DE")
    return text.upper()


def regions(text: str) -> frozenset[str]:
    """Two-letter countries; `*` means every country and gives the empty set."""
    return frozenset(region(word) or "" for word in text.replace(",", " ").split() if word != "*")


def regions_by_ou(text: str) -> tuple[Place, ...]:
    """`FR: ou=paris,dc=example,dc=org; AT: ou=wien,dc=example,dc=org`, the longest name first."""
    found = places.parse(text)
    for place in found:
        if place.region not in SUPPORTED_REGIONS:
            raise ValueError("must begin each place with a two-letter country and a colon, such as FR: ou=paris,...")
    return found


def share(text: str) -> tuple[int, int]:
    """`5%, 10` -> (5, 10): a share in percent, and the number up to which the share does not matter."""
    found = SHARE.fullmatch(text.strip())
    if not found or int(found[1]) > 100:
        raise ValueError("must be a share and a number such as 5%, 10")
    return int(found[1]), int(found[2])


def groups(text: str) -> tuple[memberships.Rule, ...]:
    """`helpdesk: cn=helpdesk,ou=groups,dc=example,dc=org; admin: cn=...` -> which group there makes which of ours."""
    return memberships.parse(text)


def addresses(text: str) -> list[str]:
    found = text.replace(",", " ").split()
    if not all(ADDRESS.fullmatch(word) for word in found):
        raise ValueError("must be mail addresses separated by commas")
    return found


def broker(text: str) -> str:
    if urlsplit(text).scheme not in BROKER_SCHEMES:
        raise ValueError("must be filesystem://, redis://host:port/number or amqp://user:password@host/vhost")
    return text


def broker_folders(folder: Path) -> dict[str, str]:
    """Transport options of kombu's file broker, with the folders made."""
    options = {}
    for name, sub in (("data_folder_in", "queue"), ("data_folder_out", "queue"), ("control_folder", "control")):
        (folder / sub).mkdir(parents=True, exist_ok=True)
        options[name] = str(folder / sub)
    return options


def host_and_port(text: str) -> str:
    """`host:port` as it is, or nothing."""
    host, _, port = text.rpartition(":")
    if text and not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("must be host:port.")
    return text
