"""Why none of a person's factors will do at an application, or could have given an answer: for the log, and for whoever
looks after it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, cool_down, kinds, policy
from mfa.kinds import Answer
from mfa.models import AuthenticationRecord, Factor
from mfa.outcomes import (
    FACTOR_DISABLED,
    FACTOR_LOST,
    KIND_NOT_TAKEN,
    KIND_RULED_OUT,
    NOTHING_ENROLLED,
    TEMPORARY_OVER,
    Refused,
    TooNew,
    Unusable,
    WrongShape,
)


class LentOver(Unusable):
    """What helpdesk lent has had its hours, or its uses."""

    def __init__(self, kind: str) -> None:
        super().__init__(TEMPORARY_OVER)
        self.kind = kind

    @property
    def words(self) -> str:
        return _("This code from helpdesk is over. Ask helpdesk for a new one; your clock is not the cause.")


def why(user: User, usable: list[Factor], application: str, *, now: datetime, kind: str = "") -> Refused:
    """The refusal of somebody none of whose factors (of one kind, where it is named) the application takes: one is too
    new after a reset; what was lent is over; one was reported lost, or disabled by wrong codes; a rule takes the kind
    away; the application does not take it; or none was ever there."""
    meant = [one for one in usable if kind in ("", one.kind)]
    fitting = applications.serving(meant, applications.accepted_kinds(application), application)
    if until := _taken_from(user, fitting, application, now):
        return TooNew(until)
    lent = _lent_and_over(user, application, now)
    if lent and kind in ("", lent.kind):
        return LentOver(lent.kind)
    rows = Factor.objects.filter(user=user, confirmed=True)
    held = (rows.filter(kind=kind) if kind else rows).values_list("suspended_at", "disabled_at")
    if any(suspended_at for suspended_at, _ in held):
        return Unusable(FACTOR_LOST)
    if any(disabled_at for _, disabled_at in held):
        return Unusable(FACTOR_DISABLED)
    if fitting:
        return _ruled_out(user, {one.kind for one in fitting}, now)
    return Unusable(KIND_NOT_TAKEN if meant else NOTHING_ENROLLED)


def no_answer_of(user: User, answer: Answer, application: str, *, now: datetime, kind: str = "") -> Refused:
    """The refusal of an answer that none of the person's factors there (of one kind, where it is named) could give."""
    lent = _lent_and_over(user, application, now)
    if lent and kind in ("", lent.kind) and kinds.kind(lent.kind).could_match(lent, answer):
        return LentOver(lent.kind)
    return kinds.kind(kind).unfit() if kind else WrongShape()


def _lent_and_over(user: User, application: str, now: datetime) -> Factor | None:
    slugs = [kind.slug for kind in kinds.registry().values() if kind.lent]
    for row in Factor.objects.filter(user=user, confirmed=True, kind__in=slugs):
        kind = kinds.kind(row.kind)
        is_over = kind.left(row) == 0 or (row.expires_at is not None and row.expires_at <= now)
        if is_over and kind.serves(row, application):
            return row
    return None


def _taken_from(user: User, fitting: list[Factor], application: str, now: datetime) -> datetime | None:
    """When the first of those will do that are only too new; what a rule takes away never will."""
    row = applications.named(application) if any(one.new_since for one in fitting) else None
    if row is None:
        return None
    allowed = applications.allowed(user, frozenset(one.kind for one in fitting), now=now)
    return min((one.until for one in cool_down.waiting_at(row, fitting, allowed, now=now)), default=None)


def _ruled_out(user: User, slugs: set[str], now: datetime) -> Unusable:
    """With the names of the rules that take one of these kinds away."""
    asked = policy.of(user, now=now)
    names = sorted({name for slug in slugs for name in asked.against(slug)})
    room = AuthenticationRecord._meta.get_field("cause").max_length
    return Unusable(KIND_RULED_OUT, f"{KIND_RULED_OUT.meaning}: {', '.join(names)}"[:room])
