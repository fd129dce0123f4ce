"""A lost phone: what lives on it stops working until its owner, with another factor, says that it is back.

Reporting only takes away, so one proof is enough for it, be it the password (NIST SP 800-63B-4 4.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts import users
from accounts.models import User
from mfa import audit, cool_down, enrolment, holdings, kinds, notifications
from mfa.kinds import Purpose
from mfa.models import Factor, OneTimeCode
from mfa.outcomes import FACTOR_DISABLED, Unusable


@transaction.atomic
def report(user: User, chosen: list[Factor], *, actor: User, now: datetime) -> list[Factor]:
    """Suspend these factors of the person, end every session and every code on its way, and tell every known address.
    Returns what was suspended; what went meanwhile is passed over.

    An activation code stays good that did not go to what is lost: it is the way back in.
    """
    person = enrolment.lock_judging(user)
    rows = [row for row in (_row(factor, now) for factor in chosen if factor.user_id == person.pk) if row]
    if not rows:
        return []
    for row in rows:
        row.suspended_at = now
        row.save(update_fields=["suspended_at"])
    live = OneTimeCode.objects.filter(user=person, ending=OneTimeCode.Ending.LIVE).exclude(kind="")
    on_its_way = live.filter(~Q(purpose=Purpose.ACTIVATE) | Q(kind__in={row.kind for row in rows}))
    on_its_way.update(ending=OneTimeCode.Ending.REPLACED, ended_at=now)
    users.move_epoch(person)
    names, ids = ", ".join(_label(row) for row in rows), [row.pk for row in rows]
    audit.record("phone.lost", user=person, actor=actor, name=names, factors=ids)
    labels = dict.fromkeys(str(kinds.kind(row.kind).label) for row in rows)
    told = {"names": names, "labels": ", ".join(labels), "at": now}
    notifications.tell(person, "phone-lost", told, now=now, also_number=person.phone)
    return rows


@transaction.atomic
def resume(user: User, factor: Factor, *, proved_by: str, actor: User, now: datetime) -> None:
    """Let a suspended factor work again. Raises Unusable unless `proved_by`, the kind that gave the fresh proof, is a
    factor that stands alone: recovery codes may have been in the same bag."""
    person = enrolment.lock_person(user)
    proving = kinds.registry().get(proved_by)
    if proving is None or not proving.alone:
        raise Unusable(FACTOR_DISABLED)
    # Else a factor that helpdesk let in would bring back one that is taken at once.
    new_since = cool_down.since_when(factor, person)
    Factor.objects.filter(pk=factor.pk, user=person).update(suspended_at=None, new_since=new_since)
    users.move_epoch(person)
    audit.record_of(factor, "factor.resumed", actor=actor)
    told = {"label": kinds.kind(factor.kind).label, "name": factor.name, "at": now}
    notifications.tell(person, "factor-resumed", told, now=now)


def suspended(user: User) -> list[Factor]:
    """The person's factors that were reported lost, of the kinds in use."""
    return among(Factor.objects.filter(user=user, suspended_at__isnull=False).defer("secret"))


def among(rows: Iterable[Factor]) -> list[Factor]:
    """Those of a person's factors that were reported lost, of the kinds in use."""
    return [row for row in rows if row.confirmed and row.suspended_at and row.kind in kinds.registry()]


def _row(factor: Factor, now: datetime) -> Factor | None:
    try:
        return holdings.stored(factor, now=now)
    except Unusable:
        return None


def _label(factor: Factor) -> str:
    return str(factor.name or kinds.kind(factor.kind).label)
