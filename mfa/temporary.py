"""Temporary access codes: helpdesk gives one for some hours, some uses and some applications, and can end it.

Judging one is `mfa.factors.temporary`. It opens applications only: enrolling in the portal takes an activation code.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, audit, codes, configured, enrolment, holdings, kinds, notifications, policy
from mfa.models import Application, Factor
from mfa.outcomes import Unusable

KIND = "temporary"
LENGTH = 10
"""Of 30 characters each: 49 bits."""
MOST_USES = 50


class NowhereAccepted(Unusable):
    """None of the applications would take such a code from this person."""

    @property
    def words(self) -> str:
        return _("No application that was chosen takes a temporary access code.")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a code is good for: how long, how often, and at which applications (slugs)."""

    hours: int
    uses: int
    applications: tuple[str, ...]


def takers() -> list[Application]:
    """The applications at which such a code can be typed. Where password and code share a field without a sign between
    them, only codes of one length can be."""
    joined = Application.Mode.PASSWORD_AND_CODE
    rows = configured.current().applications.values()
    return [row for row in rows if KIND in applications.kinds_of(row) and (row.mode != joined or row.separator)]


@transaction.atomic
def issue(user: User, terms: Terms, *, actor: User, reason: str, now: datetime, **details: object) -> str:
    """A new code, returned once and kept as a hash; the one before ends. Audited, and told on every known address
    without the code. A first factor of the portal then takes an activation code. Raises NowhereAccepted."""
    user = enrolment.lock_person(user)
    slugs = [row.slug for row in takers() if row.slug in terms.applications]
    if not slugs or KIND not in kinds.registry():
        raise NowhereAccepted
    enrolment.end_lent(user)
    code = "".join(secrets.choice(codes.UNAMBIGUOUS) for _ in range(LENGTH))
    factor = Factor(user=user, kind=KIND, key=holdings.single_key(user), name=str(kinds.kind(KIND).label))
    factor.confirmed, factor.created_at, factor.expires_at = True, now, now + timedelta(hours=terms.hours)
    factor.new_since = now
    factor.state = {"left": terms.uses, "applications": slugs}
    factor.seal(_hash(factor, code))
    factor.save(force_insert=True)
    if not holdings.opening(user, now=now):
        policy.demand_activation(user, demanded=True)
    told = {"hours": terms.hours, "uses": terms.uses, "applications": slugs}
    audit.record("temporary.issued", user=user, actor=actor, reason=reason, **told, **details)
    context = {"until": factor.expires_at, "uses": terms.uses, "where": named(slugs), "at": now}
    notifications.tell(user, "temporary-issued", context, now=now, also_number=user.phone)
    return code


@transaction.atomic
def end(user: User, *, actor: User, reason: str) -> None:
    """End the person's code before its time; nothing where there is none."""
    user = enrolment.lock_person(user)
    if enrolment.end_lent(user):
        audit.record("temporary.ended", user=user, actor=actor, reason=reason)


def named(slugs: Iterable[str]) -> str:
    """The applications as people call them, one after the other; one that is no longer in use by its slug."""
    rows = configured.current().applications
    return ", ".join(rows[slug].name if slug in rows else slug for slug in slugs)


def grouped(code: str) -> str:
    """The code as people read it out: 5-5."""
    return f"{code[:5]}-{code[5:]}"


def read(text: str) -> str:
    """What was typed, as it was drawn; empty where that cannot be a code."""
    return codes.read_out(text, length=LENGTH)


def is_right(factor: Factor, code: str) -> bool:
    """Whether it is the factor's code, in constant time. Raises `crypto.Undecryptable`."""
    return hmac.compare_digest(factor.unseal(), _hash(factor, code))


def _hash(factor: Factor, code: str) -> bytes:
    return salted_hmac("mfa:temporary", f"{factor.row}:{code}", algorithm="sha256").hexdigest().encode()
