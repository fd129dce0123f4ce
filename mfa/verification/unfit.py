"""Why none of a person's factors will do at an application, for the log and for whoever looks after it."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from mfa import applications, kinds, policy
from mfa.models import AuthenticationRecord, Factor
from mfa.outcomes import (
    FACTOR_DISABLED,
    FACTOR_LOST,
    KIND_NOT_TAKEN,
    KIND_RULED_OUT,
    NOTHING_ENROLLED,
    Unusable,
)


def why(user: User, usable: list[Factor], application: str, *, now: datetime, kind: str = "") -> Unusable:
    """The refusal of somebody none of whose factors (of one kind, where it is named) the application takes: one was
    reported lost, or disabled by wrong codes; a rule takes the kind away; the application does not take it; or none was
    ever there."""
    rows = Factor.objects.filter(user=user, confirmed=True)
    held = (rows.filter(kind=kind) if kind else rows).values_list("suspended_at", "disabled_at")
    if any(suspended_at for suspended_at, _ in held):
        return Unusable(FACTOR_LOST)
    if any(disabled_at for _, disabled_at in held):
        return Unusable(FACTOR_DISABLED)
    meant = [one for one in usable if kind in ("", one.kind)]
    taken = applications.accepted_kinds(application)
    fitting = {one.kind for one in meant if one.kind in taken and kinds.kind(one.kind).serves(one, application)}
    if fitting:
        return _ruled_out(user, fitting, now)
    return Unusable(KIND_NOT_TAKEN if meant else NOTHING_ENROLLED)


def _ruled_out(user: User, slugs: set[str], now: datetime) -> Unusable:
    """With the names of the rules that take one of these kinds away."""
    asked = policy.of(user, now=now)
    names = sorted({name for slug in slugs for name in asked.against(slug)})
    room = AuthenticationRecord._meta.get_field("cause").max_length
    return Unusable(KIND_RULED_OUT, f"{KIND_RULED_OUT.meaning}: {', '.join(names)}"[:room])
