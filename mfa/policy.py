"""What is asked of a person: by rules, by their own policy, and because they may enter the admin. Nothing is kept in
memory: what is decided in one process holds at the next question in every other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from mfa import audit
from mfa.demands import Asked, Demand, Holding, Source
from mfa.models import Exemption, Policy, Reminder, Rule


def of(user: User, *, now: datetime) -> Asked:
    """All that is asked of the person."""
    rules = _live().filter(Q(group=None) | Q(group__user=user))
    own = Policy.objects.filter(user=user).first()
    exemption = _exempting(now).filter(user=user).first()
    return _asked(user, list(rules), own, exemption, now)


def of_many(people: list[User], *, now: datetime) -> dict[int, Asked]:
    """`of` for many people by their pk, in four queries."""
    rules = list(_live())
    members = User.groups.through.objects.filter(user__in=people, group__in={rule.group_id for rule in rules} - {None})
    groups: dict[int, set[int | None]] = {person.pk: {None} for person in people}
    for user_id, group_id in members.values_list("user_id", "group_id"):
        groups[user_id].add(group_id)
    own = Policy.objects.in_bulk([person.pk for person in people])
    exempt = {one.user_id: one for one in _exempting(now).filter(user__in=people)}
    found = {}
    for one in people:
        concerning = [rule for rule in rules if rule.group_id in groups[one.pk]]
        found[one.pk] = _asked(one, concerning, own.get(one.pk), exempt.get(one.pk), now)
    return found


def of_loaded(user: User, rules: Iterable[Rule], *, now: datetime) -> Asked:
    """`of` for a person whose policy, groups and exemptions with their owners were loaded along: no query. `rules` are
    all that have not ended."""
    groups = {None, *(group.pk for group in user.groups.all())}
    exempting = (one for one in user.exemptions.all() if one.ended_at is None and one.until > now)
    concerning = [rule for rule in rules if rule.group_id in groups]
    return _asked(user, concerning, getattr(user, "policy", None), next(exempting, None), now)


def is_met_by(user: User, kind: str, *, now: datetime) -> bool:
    """Whether one factor of the kind, which was just seen to work, is all that any rule in force could want of the
    person. One query; where it says no, `of` has to judge."""
    have = Holding((kind,))
    rules = _live().filter(Q(group=None) | Q(group__user=user))
    return not any(one.in_force(now) and one.missing(have) for one in (demand_of(rule, user) for rule in rules))


def demand_of(rule: Rule, user: User) -> Demand:
    """What the rule asks of somebody whom it concerns."""
    begins = max(start_of(rule.starts_on), user.created_at) if rule.grace_days else start_of(rule.starts_on)
    return Demand(
        Source.RULE, rule.factors, rule.backup, frozenset(rule.kinds) or None, rule.activation_only,
        begins=start_of(rule.starts_on), deadline=begins + timedelta(days=rule.grace_days),
        name=rule.name, rule=rule.pk,
    )  # fmt: skip


def deadline_of(rule: Rule) -> datetime:
    """From when the rule is in force for people whose account is older than it."""
    return start_of(rule.starts_on) + timedelta(days=rule.grace_days)


def span_of(starts_on: date | None, grace_days: int) -> tuple[datetime, datetime] | tuple[None, None]:
    """When what is required of one person begins, and when it is in force: after the days of grace from `starts_on`
    (none: today) on. Nothing where it is so at once."""
    if not (starts_on or grace_days):
        return None, None
    begins = start_of(starts_on or timezone.localdate())
    return begins, begins + timedelta(days=grace_days)


def start_of(day: date) -> datetime:
    """The first moment of a day where the portal is."""
    return timezone.make_aware(datetime.combine(day, time.min))


def required_now(now: datetime) -> Q:
    """The people who must have a second factor at that moment, for lists in SQL; says what `Asked.required` says."""
    own = Q(policy__required=True) & alone_in_force(now)
    for rule in _live().filter(factors__gt=0):
        own |= in_force(rule, now)
    return Q(is_staff=True) | (own & ~exempt(now))


def concerned(rule: Rule) -> Q:
    """The people whom a rule concerns, in SQL."""
    if rule.group_id is None:
        return Q(pk__isnull=False)  # an empty Q would vanish from an "or"
    return Q(Exists(User.groups.through.objects.filter(user_id=OuterRef("pk"), group_id=rule.group_id)))


def in_force(rule: Rule, at: datetime) -> Q:
    """Those of them whose grace is over at that moment; nobody before the rule's first possible deadline."""
    grace = timedelta(days=rule.grace_days)
    if start_of(rule.starts_on) + grace > at:
        return Q(pk__in=())
    return concerned(rule) & Q(created_at__lte=at - grace) if grace else concerned(rule)


def alone_in_force(at: datetime) -> Q:
    """The people for whom what their own policy asks is in force at that moment, in SQL; it need not ask anything."""
    return Q(policy__deadline=None) | Q(policy__deadline__lte=at)


def exempt(at: datetime) -> Q:
    """The people whom an exemption covers at that moment, in SQL. It lifts nothing of staff."""
    return Q(Exists(_exempting(at).filter(user=OuterRef("pk"))), is_staff=False)


@transaction.atomic
def require(
    user: User, required: bool, *, actor: User | None, reason: str, starts_on: date | None = None, grace_days: int = 0
) -> None:
    """Require two-factor sign-in of a person, or stop requiring it: at once, or when the days of grace after
    `starts_on` (none: today) are over."""
    begins, deadline = span_of(starts_on, grace_days) if required else (None, None)
    Reminder.objects.filter(user=user, rule=None).delete()
    _set(user, required=required, begins_at=begins, deadline=deadline)
    action = "policy.required" if required else "policy.not-required"
    when: dict[str, object] = {"in force from": timezone.localdate(deadline).isoformat()} if deadline else {}
    audit.record(action, user=user, actor=actor, reason=reason, **when)


def demand_activation(user: User, demanded: bool) -> None:
    """Let the next first factor be enrolled with an activation code only, or by password again. Joins the caller's
    transaction."""
    _set(user, activation_only=demanded)


def _set(user: User, **values: bool | datetime | None) -> None:
    Policy.objects.update_or_create(user=user, defaults=values)


def _live() -> QuerySet[Rule]:
    return Rule.objects.filter(ended_at=None)


def _exempting(now: datetime) -> QuerySet[Exemption]:
    """Exemptions end by themselves: here it is judged, at every use."""
    return Exemption.objects.filter(ended_at=None, until__gt=now).select_related("owner")


def _asked(user: User, rules: Iterable[Rule], own: Policy | None, exemption: Exemption | None, now: datetime) -> Asked:
    holds = exemption if exemption and not user.is_staff else None
    found = [demand_of(rule, user) for rule in rules]
    if own and own.required:
        found.append(Demand(Source.PERSON, begins=own.begins_at, deadline=own.deadline))
    if holds:
        found = [replace(one, lifted=True) for one in found]
    if user.is_staff:
        found.append(Demand(Source.STAFF))
    return Asked(
        now, tuple(sorted(found, key=_by_deadline)), by_code=bool(own and own.activation_only),
        exempt_until=holds.until if holds else None, exempt_by=holds.owner.get_full_name() if holds else "",
    )  # fmt: skip


def _by_deadline(demand: Demand) -> datetime:
    return demand.deadline or datetime.min.replace(tzinfo=UTC)
