"""Which factors an application accepts. The portal itself is one that no row describes.

A ceremony needs the portal's own pages in the person's browser, so no other application ever accepts one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import User
from mfa import configured, kinds, policy
from mfa.demands import Asked
from mfa.kinds import Answer, Answers, FactorKind, Purpose
from mfa.models import Application, Factor

PORTAL = "portal"
"""The application that people sign in to with the portal's own pages."""

TRYING = "portal test"
"""What a person's own test of a factor is judged and logged under. It takes every kind, because it opens nothing: so a
code for a gateway can be tried where its refusal is explained. No row can have this name: a blank is no slug."""
ANY = "any application"
"""What a rehearsal is for where no application has a row yet: it takes what need not be listed. No slug either."""
OWN = frozenset({PORTAL, TRYING, ANY})
"""No application of anybody else's; nothing is remembered for them."""


def named(slug: str) -> Application | None:
    """The application of this name that is in use; None for the portal itself."""
    return configured.current().applications.get(slug)


def names(slugs: Iterable[str]) -> dict[str, str]:
    """What people call these applications, those no longer in use too, by their name in the log."""
    wanted = set(slugs) - OWN - {""}
    in_use = configured.current().applications if wanted else {}
    found = {slug: in_use[slug].name for slug in wanted if slug in in_use}
    gone = wanted - found.keys()
    return found | (dict(Application.objects.filter(slug__in=gone).values_list("slug", "name")) if gone else {})


def is_listed(slug: str) -> bool:
    """Whether an application in use names the kind."""
    return any(slug in row.kinds for row in configured.current().applications.values())


def accepted_kinds(application: str) -> frozenset[str]:
    """The slugs of the kinds whose answers the application takes; none where it is unknown or switched off."""
    if application == PORTAL:
        return frozenset(slug for slug, kind in kinds.registry().items() if kind.in_portal)
    if application == TRYING:
        return frozenset(kinds.registry())
    if application == ANY:
        return _unlisted()
    row = named(application)
    return kinds_of(row) if row else frozenset()


def accepted_from(user: User, application: str, *, now: datetime) -> frozenset[str]:
    """The kinds whose answers the application takes from this person. The portal's own pages take also those that a
    rule took away, so that whoever has nothing else can come in and add another; the gate opens nothing but that."""
    accepted = accepted_kinds(application)
    return accepted if application in OWN else allowed(user, accepted, now=now)


def allowed(user: User, accepted: frozenset[str], *, now: datetime) -> frozenset[str]:
    """Those of the kinds that no rule takes away from the person."""
    if not any(rule.kinds for rule in configured.current().rules):
        return accepted
    return left_by(policy.of(user, now=now), accepted)


def left_by(asked: Asked, accepted: frozenset[str]) -> frozenset[str]:
    """`allowed`, by what is asked of the person."""
    return frozenset(slug for slug in accepted if asked.allows(slug) or _unruled(kinds.kind(slug)))


def _unruled(kind: FactorKind) -> bool:
    """Whether rules about kinds do not speak of it."""
    return kind.backup or kind.lent


def answering(factors: list[Factor], accepted: frozenset[str], application: str, *, now: datetime) -> list[Factor]:
    """Those of a person's usable factors whose answers the application takes, in their order. `accepted` are the kinds
    that it takes from this person."""
    return [one for one in serving(factors, accepted, application) if takes(application, one.new_since, now=now)]


def serving(factors: list[Factor], accepted: frozenset[str], application: str) -> list[Factor]:
    """`answering`, but for the cool-down."""
    return [one for one in factors if one.kind in accepted and kinds.kind(one.kind).serves(one, application)]


def takes(application: str, new_since: datetime | None, *, now: datetime) -> bool:
    """Whether the application takes by now what is new since then (see `mfa.cool_down`)."""
    if new_since is None or application in OWN:
        return True
    row = named(application)
    return row is not None and taken_from(row, new_since, now=now) is None


def taken_from(row: Application, new_since: datetime | None, *, now: datetime) -> datetime | None:
    """From which full minute on the application takes what is new since then; None where it does so now."""
    if new_since is None or not row.cool_down_hours:
        return None
    end = new_since + timedelta(hours=row.cool_down_hours)
    minute = (end + timedelta(minutes=1) - timedelta.resolution).replace(second=0, microsecond=0)
    return minute if now < minute else None


def has_room_for(application: Application, factor: Factor) -> bool:
    """Whether a code of the factor can be typed where this application takes one, without a second prompt being needed:
    in one field only what is known before and, with no separator, as long as the application expects."""
    kind = kinds.kind(factor.kind)
    if application.has_second_prompt or kind.sends:
        return application.has_second_prompt
    any_length = application.mode == Application.Mode.CODE_ONLY or bool(application.separator)
    return any_length or kind.could_match(factor, Answer("0" * application.code_length, Purpose.APPLICATION))


def kinds_of(row: Application) -> frozenset[str]:
    """`accepted_kinds` of a row at hand. Where no password is shown, what sends messages must be listed: whoever knows
    a name could have them sent."""
    typed = frozenset(slug for slug, kind in kinds.registry().items() if kind.answers is Answers.CODE)
    if row.kinds:
        return typed & frozenset(row.kinds)
    return typed & (_unlisted() - _senders() if row.mode == Application.Mode.CODE_ONLY else _unlisted())


def sends_by_name(row: Application) -> bool:
    """Whether the application has messages sent to whoever it names, with no password that the portal saw."""
    return row.mode == Application.Mode.CODE_ONLY and bool(kinds_of(row) & _senders())


def _senders() -> frozenset[str]:
    return frozenset(slug for slug, kind in kinds.registry().items() if kind.sends)


def _unlisted() -> frozenset[str]:
    return frozenset(slug for slug, kind in kinds.registry().items() if not kind.only_where_listed)
