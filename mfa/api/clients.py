"""Which application is calling: keys that are shown once, kept as hashes, bound to networks and verbs, and end."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import addresses
from accounts.models import User
from mfa import audit, configured
from mfa.models import Application, ApplicationKey

MOST_AT_ONCE = 2
"""Keys of one application that work at the same time: the old one and the new one while it is rolled out."""
LONGEST_LIFE = timedelta(days=400)
NOTED_EVERY = timedelta(minutes=1)
"""How exact `last_used_at` is; more would make all requests of an application wait for one row."""
MOST_UNKNOWN = 100
"""Sources of keys that do not work, an hour, that the audit trail takes; the log takes all."""

logger = logging.getLogger(__name__)


class Verb(StrEnum):
    """What a key may ask for."""

    VERIFY = "verify"
    CHALLENGE = "challenge"
    RADIUS = "radius"


class TooManyKeys(Exception):
    """Two keys of the application work already; revoke one first."""


class NotAllowed(Exception):
    """`known` tells a key that may not do this, or not from here, from one that is none; `words` say the former."""

    words = "This key may not do this, or not from here."

    def __init__(self, *, known: bool) -> None:
        super().__init__()
        self.known = known


@dataclass(frozen=True, slots=True)
class Client:
    """Who is asking: an application in use, and its key."""

    application: Application
    key: ApplicationKey


@transaction.atomic
def issue(
    application: Application, *, verbs: Sequence[Verb], networks: Sequence[str], expires_at: datetime, actor: User,
    now: datetime, reason: str = "",
) -> str:  # fmt: skip
    """A new key; its text is returned once and kept nowhere. `networks` in CIDR notation. Raises TooManyKeys."""
    Application.objects.select_for_update().get(pk=application.pk)
    if working(application, now=now).count() >= MOST_AT_ONCE:
        raise TooManyKeys
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    ApplicationKey.objects.create(
        application=application, prefix=prefix, secret_hash=hash_of(secret), verbs=[verb.value for verb in verbs],
        networks=[str(ipaddress.ip_network(network)) for network in networks], created_at=now, created_by=actor,
        expires_at=min(expires_at, now + LONGEST_LIFE),
    )  # fmt: skip
    audit.record(
        "application.key-issued", user=None, actor=actor, reason=reason, application=application.slug, key=prefix
    )
    return f"{prefix}.{secret}"


@transaction.atomic
def revoke(key: ApplicationKey, *, actor: User, reason: str, now: datetime) -> None:
    """End a key at once, in every worker."""
    ApplicationKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    audit.record(
        "application.key-revoked", user=None, actor=actor, reason=reason, application=key.application.slug,
        key=key.prefix,
    )  # fmt: skip


def working(application: Application, *, now: datetime) -> QuerySet[ApplicationKey]:
    """The application's keys that are neither revoked nor expired."""
    return ApplicationKey.objects.filter(application=application, revoked_at=None, expires_at__gt=now)


def authenticate(header: str, verb: Verb, *, address: str, now: datetime) -> Client:
    """The client whose key the Authorization header holds. Raises NotAllowed."""
    scheme, _, text = header.partition(" ")
    prefix, _, secret = text.strip().partition(".")
    key = _found(prefix, now) if scheme.lower() == "bearer" and len(text) <= 100 and text.isascii() else None
    # Hashed and compared for an unknown key too, so that both take the same time.
    if not hmac.compare_digest(key.secret_hash if key else "0" * 64, hash_of(secret)) or key is None:
        _report_unknown(prefix, verb, address, now)
        raise NotAllowed(known=False)
    if verb not in key.verbs or not _comes_from(key, address):
        _report(key, verb, address, now)
        raise NotAllowed(known=True)
    _note_use(key, address, now)
    return Client(key.application, key)


def _found(prefix: str, now: datetime) -> ApplicationKey | None:
    key = configured.current().keys.get(prefix)
    return key if key and key.expires_at > now else None


def _comes_from(key: ApplicationKey, address: str) -> bool:
    parsed = addresses.parsed(address)
    return parsed is not None and any(parsed in ipaddress.ip_network(network) for network in key.networks)


def _report(key: ApplicationKey, verb: Verb, address: str, now: datetime) -> None:
    """A right key in a wrong place may be a stolen one: in the log each time, in the audit trail once an hour."""
    logger.warning("key %s of %s refused: %s from %s", key.prefix, key.application.slug, verb, address)
    audit.record_once(
        "application.key-refused", within=timedelta(hours=1), now=now, application=key.application.slug,
        key=key.prefix, verb=str(verb), origin=address,
    )  # fmt: skip


def _report_unknown(prefix: str, verb: Verb, address: str, now: datetime) -> None:
    """Whoever asks without a key that works: expired, revoked, mistyped, or none at all."""
    known = prefix if ApplicationKey.objects.filter(prefix=prefix[:12]).exists() else ""
    logger.warning("a key that does not work (%s) asked for %s from %s", known or "unknown", verb, address)
    audit.record_once(
        "application.unknown-key", within=timedelta(hours=1), now=now, most=MOST_UNKNOWN, key=known, origin=address,
    )  # fmt: skip


def _note_use(key: ApplicationKey, address: str, now: datetime) -> None:
    """The row at hand is this process's own copy and takes the note along."""
    if key.last_used_at is None or key.last_used_at < now - NOTED_EVERY:
        key.last_used_at = now
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
        ApplicationKey.objects.filter(stale, pk=key.pk).update(last_used_at=now, last_used_from=address)


def hash_of(secret: str) -> str:
    """Plain SHA-256: the secret has 256 random bits, which no dictionary holds."""
    return hashlib.sha256(secret.encode()).hexdigest()
