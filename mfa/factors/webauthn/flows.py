"""What a person does with passkeys: make one for this portal; and whose passkey it is that answers."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from webauthn.helpers import bytes_to_base64url

from accounts.models import User
from mfa import enrolment
from mfa.factors.webauthn import authenticators, challenges, protocol
from mfa.factors.webauthn.factor import KIND
from mfa.factors.webauthn.protocol import Created
from mfa.factors.webauthn.refusals import Taken, TooMany
from mfa.kinds import Ceremony, Purpose
from mfa.models import Factor


def all_of(user: User) -> list[Factor]:
    """The person's passkeys, the oldest first."""
    return list(Factor.objects.filter(user=user, kind=KIND.slug, confirmed=True))


def owner_of(text: str) -> User | None:
    """Whose passkey an answer names: a question for the signature still, not an answer."""
    key = protocol.id_in(text)
    factor = Factor.objects.select_related("user").filter(kind=KIND.slug, key=key, confirmed=True).first()
    return factor.user if factor else None


def begin(user: User) -> Ceremony:
    """Ask the browser for a new passkey. Raises TooMany."""
    existing = all_of(user)
    _refuse_too_many(existing)
    challenge = protocol.new_challenge()
    options = protocol.creation_options(
        challenge,
        handle=_handle(user, existing),
        username=user.username,
        name=user.get_full_name(),
        existing=[(factor.key, factor.state["transports"]) for factor in existing],
    )
    return Ceremony(options, challenge)


def enrol(user: User, text: str, challenge: str, *, now: datetime) -> Factor:
    """The passkey that the browser made for `challenge` counts from now on. Raises PasskeyRefused, Taken, TooMany."""
    with transaction.atomic():  # of its own: the challenge is used up whatever follows
        challenges.use(user, Purpose.ENROL, challenge, now=now)
    created = protocol.check_creation(text, challenge)
    try:
        return _add(user, created, now)
    except IntegrityError:  # somebody else added it in the same moment
        raise Taken from None


@transaction.atomic
def _add(user: User, created: Created, now: datetime) -> Factor:
    user = enrolment.lock_person(user)
    existing = all_of(user)
    _refuse_too_many(existing)
    if Factor.objects.filter(kind=KIND.slug, key=created.id).exists():
        raise Taken
    factor = Factor(user=user, kind=KIND.slug, key=created.id, name=_name(created, existing), created_at=now)
    factor.state = {
        "handle": _handle(user, existing),
        "aaguid": created.aaguid,
        "counter": created.counter,
        "transports": list(created.transports),
        "can_be_synced": created.can_be_synced,
        "is_synced": created.is_synced,
        "verified_person": created.verified_person,
    }
    factor.seal(created.public_key)
    enrolment.confirm(factor, actor=user, now=now)
    return factor


def _name(created: Created, existing: list[Factor]) -> str:
    """The product's name, with the first free number behind it where the person has one of it."""
    label = authenticators.name_of(created.aaguid) or str(KIND.label)
    taken = {factor.name for factor in existing}
    names = [label, *(f"{label} {number}" for number in range(2, TooMany.most + 2))]
    return next(name for name in names if name not in taken)


def _handle(user: User, existing: list[Factor]) -> str:
    """What authenticators know the person by: the same for all passkeys, and it tells nothing to who finds one."""
    if existing:
        return str(existing[0].state["handle"])
    return bytes_to_base64url(salted_hmac("mfa.webauthn.handle", str(user.pk), algorithm="sha256").digest())


def _refuse_too_many(existing: list[Factor]) -> None:
    if len(existing) >= TooMany.most:
        raise TooMany
