"""Two people for one act: one asks, another approves, and whoever asked does it, once.

The act itself stays where it is: its flow calls `spend` in its own transaction, and is refused without an approval.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import alarm_mail, at_shell, audit
from mfa.delivery import outbox
from mfa.models import Approval

LIFETIME = timedelta(hours=24)
LIVE = (Approval.State.OPEN, Approval.State.APPROVED)


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be done. `subject` tells it from every other thing that could be done (at most 64 characters, such as
    a hash of old and new), `words` tell whoever decides, `page` is the path where the one who asks goes on, `right` is
    what whoever decides must hold, and `user` is whom it is about. Of several people `people` are the pks of those who
    could decide: nobody does about themselves."""

    act: str
    subject: str
    words: str
    page: str
    right: str
    user: User | None = None
    people: frozenset[int] = frozenset()


class CannotDecide(Exception):
    """This person may not decide this; the message says why, for the page."""


class NotApproved(Exception):
    """No approval by a second person is there for exactly this act."""


@transaction.atomic
def ask(matter: Matter, *, actor: User, reason: str, now: datetime) -> Approval:
    """Ask for a second person, and tell by mail whoever may decide. What the actor asked before and is still alive is
    returned as it is."""
    _lock(actor)
    if found := find(matter, actor=actor, now=now):
        return found
    _of(matter, actor).filter(state__in=LIVE).update(state=Approval.State.EXPIRED)
    row = Approval.objects.create(
        act=matter.act, subject=matter.subject, words=matter.words, page=matter.page, right=matter.right,
        user=matter.user, people=sorted(matter.people), asked_by=actor, reason=reason, asked_at=now,
        expires_at=now + LIFETIME,
    )  # fmt: skip
    _tell(row, now=now)
    audit.record("approval.asked", user=matter.user, actor=actor, reason=reason, act=row.act, words=row.words)
    return row


def find(matter: Matter, *, actor: User, now: datetime) -> Approval | None:
    """What the actor asked for exactly this act, open or approved, as long as it is alive."""
    return _of(matter, actor).filter(state__in=LIVE, expires_at__gt=now).first()


def approved(actor: User, *, now: datetime) -> QuerySet[Approval]:
    """What the actor asked for and may do now."""
    return Approval.objects.filter(asked_by=actor, state=Approval.State.APPROVED, expires_at__gt=now)


def why_not(row: Approval, actor: User, *, now: datetime) -> str:
    """Why the actor may not approve or decline it, in words; empty where they may."""
    if row.state != Approval.State.OPEN:
        return _("This was decided already.")
    if now >= row.expires_at:
        return _("This has expired. Whoever asked can ask again.")
    if actor.pk == row.asked_by_id:
        return _("You asked for this yourself; somebody else has to decide.")
    if actor.pk == row.user_id or actor.pk in row.people:
        return _("This is about your own account; somebody else has to decide.")
    return "" if _may(actor, row.right) else _("Your role may not decide this.")


@transaction.atomic
def decide(pk: int, approved: bool, *, actor: User, now: datetime) -> Approval:
    """Approve or decline, judged afresh under the row's lock. Whoever asked withdraws by declining. Raises CannotDecide
    with the reason; nothing has changed then."""
    actor = _lock(actor)
    row = Approval.objects.select_for_update(of=("self",)).select_related("user").get(pk=pk)
    withdrawn = not approved and actor.pk == row.asked_by_id and row.state in LIVE
    if not withdrawn and (words := why_not(row, actor, now=now)):
        raise CannotDecide(words)
    state = Approval.State.APPROVED if approved else Approval.State.DECLINED
    row.state = Approval.State.WITHDRAWN if withdrawn else state
    row.decided_by, row.decided_at = actor, now
    row.save(update_fields=["state", "decided_by", "decided_at"])
    audit.record(f"approval.{row.state}", user=row.user, actor=actor, act=row.act, words=row.words)
    if not withdrawn:
        _tell_asker(row, now=now)
    return row


@transaction.atomic
def approve_at_shell(pk: int, *, operator: dict[str, str], reason: str, now: datetime) -> Approval:
    """Approve at a shell of the server, where nobody else may decide: whoever has the server is the second person then.
    `operator` as `at_shell.operator` gives it. Raises CannotDecide, also where somebody else could decide, and
    Approval.DoesNotExist."""
    row = Approval.objects.select_for_update(of=("self",)).select_related("asked_by", "user").get(pk=pk)
    if row.state != Approval.State.OPEN or now >= row.expires_at:
        raise CannotDecide(_("It is decided already, or has expired."))
    if not _may(row.asked_by, row.right):
        raise CannotDecide(_("Whoever asked may not do this any more."))
    if deciders(row).exists():
        raise CannotDecide(_("Somebody else can decide this on the portal."))
    row.state, row.decided_at, row.operator = Approval.State.APPROVED, now, at_shell.words(operator)[:150]
    row.save(update_fields=["state", "decided_at", "operator"])
    audit.record(
        "approval.approved-at-shell", user=row.user, actor=None, reason=reason, act=row.act, words=row.words,
        asked_by=row.asked_by.username, **operator,
    )  # fmt: skip
    context: dict[str, object] = {
        "agent": row.asked_by.username, "operator": row.operator, "words": row.words, "page_url": _page_url(row),
    }  # fmt: skip
    _tell_asker(row, now=now)
    told = alarm_mail.recipients()
    outbox.queue_many([outbox.mail(user, address, "approved-at-shell", context, now=now) for user, address in told])
    return row


@transaction.atomic
def spend(matter: Matter, *, actor: User, now: datetime) -> Approval:
    """Use up the approval that the actor got for exactly this act, in the transaction of the act. Raises NotApproved,
    also where whoever approved has lost the right or the account since, or where it takes another right by now."""
    found = _standing(matter, actor, now)
    if found is None:
        raise NotApproved
    found.state, found.used_at, found.right = Approval.State.USED, now, matter.right
    found.save(update_fields=["state", "used_at", "right"])
    return found


@transaction.atomic
def stands(matter: Matter, *, actor: User, now: datetime) -> bool:
    """Whether `spend` would find an approval. Nothing is used up."""
    return _standing(matter, actor, now) is not None


def _standing(matter: Matter, actor: User, now: datetime) -> Approval | None:
    rows = _of(matter, actor).select_for_update()
    found = rows.filter(state=Approval.State.APPROVED, expires_at__gt=now).first()
    return found if found and (found.operator or _still_stands(found, matter, actor)) else None


def end_all() -> int:
    """End what waits to be decided or used, for everybody. Returns how many."""
    return Approval.objects.filter(state__in=LIVE).update(state=Approval.State.EXPIRED)


def _still_stands(row: Approval, matter: Matter, actor: User) -> bool:
    """Whether whoever approved it is somebody else, whom it is not about, and may still, as the matter is now: people
    get roles meanwhile."""
    second = User.objects.filter(pk=row.decided_by_id or 0).first()
    if second is None or second.pk == actor.pk or second.pk in matter.people:
        return False
    return _may(second, row.right) and _may(second, matter.right)


def _of(matter: Matter, actor: User) -> QuerySet[Approval]:
    return Approval.objects.filter(act=matter.act, subject=matter.subject, asked_by=actor)


def _lock(actor: User) -> User:
    """The actor as they are now, without rights that were cached; one act of theirs at a time."""
    return User.objects.select_for_update(no_key=True).get(pk=actor.pk)


def _may(actor: User, right: str) -> bool:
    return actor.is_active and actor.is_staff and actor.has_perm(right)


def deciders(row: Approval) -> QuerySet[User]:
    """Everybody who may decide, but for whoever asked and whom it is about."""
    app_label, _dot, codename = row.right.partition(".")
    of_group = Q(groups__permissions__codename=codename, groups__permissions__content_type__app_label=app_label)
    may = User.objects.filter(of_group | Q(is_superuser=True), is_staff=True, is_active=True)
    return may.exclude(pk__in=[row.asked_by_id, row.user_id or 0, *row.people]).distinct().order_by("pk")


def _page_url(row: Approval) -> str:
    return settings.PUBLIC_URL + reverse("admin:mfa_approval_change", args=[row.pk])


def _tell(row: Approval, *, now: datetime) -> None:
    """A mail to everybody who may decide."""
    context = {
        "words": row.words, "asked_by": row.asked_by.get_full_name(), "until": row.expires_at,
        "page_url": _page_url(row),
    }  # fmt: skip
    circular = outbox.Circular("approval-wanted", context, now=now, worth_until=row.expires_at)
    outbox.queue_many([circular.mail(user, user.email, {}) for user in deciders(row).exclude(email="")])


def _tell_asker(row: Approval, *, now: datetime) -> None:
    """Whoever asked need not look again and again."""
    if row.asked_by.email and row.asked_by.is_active:
        context: dict[str, object] = {
            "words": row.words, "approved": row.state == Approval.State.APPROVED, "until": row.expires_at,
            "page_url": _page_url(row),
        }  # fmt: skip
        outbox.queue_mail(row.asked_by, row.asked_by.email, "approval-decided", context, now=now)
