"""An act on a whole list: fixed as it was previewed (`bulk_outlook`), and started or left to a second person. Doing it
is `bulk_work`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts import trace
from accounts.models import User
from mfa import approvals, audit, roles
from mfa.approvals import NotApproved
from mfa.desk import acts, reach, vouching
from mfa.desk.acts import Act
from mfa.desk.asked import Order
from mfa.desk.bulk_outlook import PORTION, digest, judged, takes_two
from mfa.desk.forms import told
from mfa.models import Approval, BulkAct, BulkPerson

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


@transaction.atomic
def place(act: Act, order: Order, people: QuerySet[User], chosen: Mapping[str, object], *, seen: str) -> BulkAct:
    """Fix the list and order the act; where it takes two people, a second one is asked and nothing starts yet. `seen`
    is the digest of the previewed list. Raises ListChanged and NobodyLeft."""
    found = [(person, words[:300]) for person, words in judged(act, order, people)]
    left_out = sum(bool(words) for _person, words in found)
    if digest(person for person, _words in found) != seen:
        raise ListChanged
    if left_out == len(found):
        raise NobodyLeft
    bulk = BulkAct.objects.create(
        act=act.slug, right=act.right, actor=order.actor, reason=order.reason, chosen=dict(chosen),
        answers=_answers(order), state=BulkAct.State.ASKED, total=len(found), asked_at=order.now,
        address=trace.address.get(), request_id=trace.request_id.get(),
    )  # fmt: skip
    state = {True: BulkPerson.State.SKIPPED, False: BulkPerson.State.WAITING}
    rows = (BulkPerson(bulk=bulk, user=person, state=state[bool(words)], words=words) for person, words in found)
    BulkPerson.objects.bulk_create(rows, batch_size=PORTION)
    audit.record(
        "bulk.ordered", user=None, actor=order.actor, reason=order.reason, bulk=bulk.pk, act=act.slug,
        people=bulk.total, left_out=left_out, chosen=dict(chosen), **order.proof,
    )  # fmt: skip
    if takes_two(act, order, found):
        approvals.ask(matter(bulk), actor=order.actor, reason=told(order), now=order.now)
    else:
        bulk.state = BulkAct.State.QUEUED
        bulk.save(update_fields=["state"])
    return bulk


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
