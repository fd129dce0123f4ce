"""An act on a whole list: judged person by person before it is ordered, then fixed, and started or left to a second
person. Doing it is `bulk_work`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts import trace
from accounts.models import User
from accounts.portions import portions
from mfa import approvals, audit, roles
from mfa.approvals import NotApproved
from mfa.desk import acts, reach, vouching
from mfa.desk.acts import Act
from mfa.desk.asked import Order
from mfa.desk.forms import told
from mfa.models import Approval, BulkAct, BulkPerson

MOST = 10_000
"""People of one act: as many as are judged in a few seconds, while the page with the preview is awaited."""
PORTION = 1000
SAMPLES = 5
GOOD_FOR = timedelta(hours=24)
"""So long a list is the one that was looked at; people change. Whom it has not reached by then takes a new preview."""
TOO_OLD = gettext_lazy("It was ordered more than 24 hours ago, and people change. Look at the list anew for the rest.")
AT_WORK = (BulkAct.State.QUEUED, BulkAct.State.RUNNING)
MAY_END = (BulkAct.State.ASKED, *AT_WORK, BulkAct.State.STOPPED)
ANSWERS = ("ticket", "identity", "kind", "role", "grace_days")
DAYS = ("until", "starts_on")


class ListChanged(Exception):
    """The list has other people than the preview showed; nothing was ordered."""


class NobodyLeft(Exception):
    """Everybody of the list would be left out."""


class CannotStart(Exception):
    """It is not at a point at which it can be started; the message says why."""


@dataclass(slots=True)
class Reason:
    """Why people are left out, how many, and the first few of them."""

    words: str
    count: int = 0
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Outlook:
    """What an order would do: how many it is about, how many it would be done to, and why the others are left out.
    `digest` names the list to the letter; `takes_two` is whether a second person has to approve it."""

    total: int
    affected: int
    reasons: list[Reason]
    digest: str
    takes_two: bool


def offered(actor: User) -> list[Act]:
    """The acts that the actor may order for whole lists."""
    return [act for act in acts.ALL if act.for_lists and reach.may(actor, act)]


def outlook(act: Act, order: Order, people: QuerySet[User]) -> Outlook:
    """Judges everybody of the list as the act itself would, without doing anything."""
    reasons: dict[str, Reason] = {}
    judged = list(_judged(act, order, people))
    for person, words in judged:
        if words:
            reason = reasons.setdefault(words, Reason(words))
            reason.count += 1
            reason.names += [person.username] if reason.count <= SAMPLES else []
    found = sorted(reasons.values(), key=lambda one: -one.count)
    left_out = sum(reason.count for reason in found)
    digest = _digest(person for person, _words in judged)
    return Outlook(len(judged), len(judged) - left_out, found, digest, _takes_two(act, order, judged))


def _digest(people: Iterable[User]) -> str:
    return hashlib.sha256(",".join(str(person.pk) for person in people).encode()).hexdigest()


def _judged(act: Act, order: Order, people: QuerySet[User]) -> Iterator[tuple[User, str]]:
    """Everybody by their key, with the words of the refusal; empty where there is none."""
    rows = people.select_related("policy").order_by("pk").iterator(chunk_size=PORTION)
    for some in portions(rows, PORTION):
        refused = reach.refusals(act, order, some)
        for person in some:
            yield person, refused.get(person.pk, "")


@transaction.atomic
def place(act: Act, order: Order, people: QuerySet[User], chosen: Mapping[str, object], *, seen: str) -> BulkAct:
    """Fix the list and order the act; where it takes two people, a second one is asked and nothing starts yet. `seen`
    is the digest of the previewed list. Raises ListChanged and NobodyLeft."""
    judged = [(person, words[:300]) for person, words in _judged(act, order, people)]
    left_out = sum(bool(words) for _person, words in judged)
    if _digest(person for person, _words in judged) != seen:
        raise ListChanged
    if left_out == len(judged):
        raise NobodyLeft
    bulk = BulkAct.objects.create(
        act=act.slug, right=act.right, actor=order.actor, reason=order.reason, chosen=dict(chosen),
        answers=_answers(order), state=BulkAct.State.ASKED, total=len(judged), asked_at=order.now,
        address=trace.address.get(), request_id=trace.request_id.get(),
    )  # fmt: skip
    state = {True: BulkPerson.State.SKIPPED, False: BulkPerson.State.WAITING}
    rows = (BulkPerson(bulk=bulk, user=person, state=state[bool(words)], words=words) for person, words in judged)
    BulkPerson.objects.bulk_create(rows, batch_size=PORTION)
    audit.record(
        "bulk.ordered", user=None, actor=order.actor, reason=order.reason, bulk=bulk.pk, act=act.slug,
        people=bulk.total, left_out=left_out, chosen=dict(chosen), **order.proof,
    )  # fmt: skip
    if _takes_two(act, order, judged):
        approvals.ask(matter(bulk), actor=order.actor, reason=told(order), now=order.now)
    else:
        bulk.state = BulkAct.State.QUEUED
        bulk.save(update_fields=["state"])
    return bulk


def _takes_two(act: Act, order: Order, judged: list[tuple[User, str]]) -> bool:
    """Whether a second person approves it: what takes more than one word for one person does for a list, and so
    does what asks less of many. An admin is enough for ordinary people otherwise, but not to reset several."""
    if act.slug in acts.WEAKENS:
        return True
    if act.slug in vouching.RAISES:
        return vouching.needed(act, order, [one for one, words in judged if not words])
    if act.slug not in acts.VOUCHED or not order.actor.has_perm(roles.TOUCH_STAFF):
        return act.slug in acts.VOUCHED
    return act.slug in vouching.RESETS or any(reach.holds_a_role(one) for one, words in judged if not words)


@transaction.atomic
def start(pk: int, *, actor: User, now: datetime) -> None:
    """Start what a second person approved, or go on with what stopped; those whom it failed for are tried again. Only
    whoever ordered it does, by the right they have now. Raises CannotStart."""
    bulk = BulkAct.objects.select_for_update(of=("self",)).select_related("actor").get(pk=pk)
    if bulk.actor_id != actor.pk or not is_open(bulk):
        raise CannotStart(_("There is nothing to start."))
    if not reach.may(bulk.actor, acts.BY_SLUG[bulk.act]):
        raise CannotStart(_("You may not do this any more."))
    if is_over(bulk, now=now):
        raise CannotStart(str(TOO_OLD))
    if bulk.state == BulkAct.State.ASKED:
        try:
            approvals.spend(matter(bulk), actor=actor, now=now)
        except NotApproved:
            raise CannotStart(_("A second person has to approve it first.")) from None
    bulk.people.filter(state=BulkPerson.State.FAILED).update(state=BulkPerson.State.WAITING, words="")
    bulk.state, bulk.message, bulk.finished_at = BulkAct.State.QUEUED, "", None
    bulk.beat_at, bulk.worker = None, ""
    bulk.save(update_fields=["state", "message", "finished_at", "beat_at", "worker"])
    audit.record("bulk.started", user=None, actor=actor, reason=bulk.reason, bulk=bulk.pk, act=bulk.act)


def is_over(bulk: BulkAct, *, now: datetime) -> bool:
    """Whether the list was looked at too long ago for anything more to be done to it."""
    return now >= bulk.asked_at + GOOD_FOR


def is_open(bulk: BulkAct) -> bool:
    """Whether there is anything left to start: it was never begun, it stopped, or it failed for somebody."""
    failed = bulk.people.filter(state=BulkPerson.State.FAILED)
    return bulk.state in (BulkAct.State.ASKED, BulkAct.State.STOPPED) or (
        bulk.state == BulkAct.State.DONE and failed.exists()
    )


@transaction.atomic
def cancel(pk: int, *, actor: User, now: datetime) -> bool:
    """End it before its time; what is done stays done. False where it was over already."""
    ended = BulkAct.objects.filter(pk=pk, state__in=MAY_END).update(
        state=BulkAct.State.CANCELLED, finished_at=now, worker=""
    )
    if ended:
        audit.record("bulk.cancelled", user=None, actor=actor, bulk=pk)
    return bool(ended)


def may_cancel(bulk: BulkAct, actor: User) -> bool:
    """Whoever ordered it, and admins."""
    return bulk.actor_id == actor.pk or actor.has_perm(roles.TOUCH_STAFF)


def matter(bulk: BulkAct) -> approvals.Matter:
    """Exactly this act on exactly this list, which is fixed: the row names it."""
    exactly = json.dumps(["bulk", bulk.pk, bulk.act, bulk.answers], sort_keys=True)
    concerned = bulk.people.exclude(state=BulkPerson.State.SKIPPED)
    act, count = acts.BY_SLUG[bulk.act], concerned.count()
    several = ngettext("%(count)d person of a list", "%(count)d people of a list", count) % {"count": count}
    staff = frozenset(concerned.filter(_staff()).values_list("user", flat=True))
    given = ", ".join(str(bulk.answers[name]) for name in ("kind", "role", "until") if bulk.answers.get(name))
    return approvals.Matter(
        act.slug, hashlib.sha256(exactly.encode()).hexdigest(),
        f"{act.label}{f' ({given})' if given else ''}: {several}", reverse("admin:mfa_bulkact_change", args=[bulk.pk]),
        roles.TOUCH_STAFF if staff else act.right, people=staff,
    )  # fmt: skip


def vouches_for(bulk: BulkAct, person: User) -> bool:
    """Whether what the list took is enough for this person as they are now: who got a role since takes a second person
    who may decide about staff. Of a list that gives rights without one everybody is judged under their lock."""
    asked = matter(bulk)
    used = Approval.objects.filter(
        act=asked.act, subject=asked.subject, asked_by=bulk.actor, state=Approval.State.USED
    )  # fmt: skip
    if bulk.act in vouching.RAISES:
        return used.exists()
    if bulk.act not in acts.VOUCHED or not reach.holds_a_role(person):
        return True
    return used.filter(right=roles.TOUCH_STAFF).exists()


def _staff() -> Q:
    """People of the list whom only admins act on: says what `reach.holds_a_role` says."""
    groups = User.groups.through.objects.filter(user=OuterRef("user"), group__permissions__isnull=False)
    return Q(user__is_staff=True) | Q(user__is_superuser=True) | Q(Exists(groups))


def approval(bulk: BulkAct, *, now: datetime) -> Approval | None:
    """What the second person was asked, as long as it is alive."""
    waits = bulk.state == BulkAct.State.ASKED
    return approvals.find(matter(bulk), actor=bulk.actor, now=now) if waits else None


def order_of(bulk: BulkAct, actor: User, *, now: datetime) -> Order:
    """The order as it was given, by the actor as they are now."""
    given = {name: str(bulk.answers.get(name, "")) for name in ANSWERS}
    until, starts_on = (date.fromisoformat(day) if day else None for day in map(bulk.answers.get, DAYS))
    return Order(
        actor=actor, reason=bulk.reason, now=now, until=until, starts_on=starts_on,
        grace_days=int(bulk.answers.get("grace_days", 0)),
        ticket=given["ticket"], identity=given["identity"], kind=given["kind"], role=given["role"],
    )  # fmt: skip


def _answers(order: Order) -> dict[str, str]:
    given = {name: str(getattr(order, name)) for name in ANSWERS if getattr(order, name)}
    days = {name: getattr(order, name) for name in DAYS}
    return given | {name: day.isoformat() for name, day in days.items() if day}
