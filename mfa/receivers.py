"""What follows when accounts changes numbers or mailboxes, or deactivates people: in the same transaction, for
thousands at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import PhoneSource, SyncRun, User, WriteBack
from accounts.phones import mask
from accounts.portions import portions
from accounts.signals import (
    PhoneChange,
    mailboxes_changed,
    phones_announced,
    phones_changed,
    run_decided,
    run_refused,
    users_deactivated,
    write_back_ended,
)
from mfa import activation, audit, cool_down, holdings, kinds, notifications
from mfa.delivery import outbox
from mfa.kinds import Purpose
from mfa.models import AuditEvent, Delivery, Factor, OneTimeCode

SENT_TO_THE_NUMBER = (
    Purpose.SIGN_IN, Purpose.PROOF, Purpose.TEST, Purpose.CONFIRM_PHONE, Purpose.REFUSE_PHONE, Purpose.HELPDESK_PHONE,
)  # fmt: skip
"""What a person's own change ends, with the link that refuses a number which rested until then. One by the organisation
ends the older link back too: its word is the newer one."""
AT_ONCE = 500
WRITE_BACKS = {
    WriteBack.State.WRITTEN: "phone.written-back",
    WriteBack.State.REFUSED: "phone.write-back-refused",
    WriteBack.State.GIVEN_UP: "phone.write-back-given-up",
}


@receiver(phones_changed, dispatch_uid="mfa.receivers.numbers_changed")
def numbers_changed(
    sender: object, *, changes: list[PhoneChange], source: PhoneSource, actor: User | None, **more: Any
) -> None:
    """A new number is a new factor: nothing that was sent to the old one counts, and a suspension ends with it.

    What the person did is audited and told by its own flow; the rest is audited and told here.
    """
    now = timezone.now()
    by_phone = [kind.slug for kind in kinds.registry().values() if kind.by_phone]
    for part in portions(changes, AT_ONCE):
        _renew_factors(part, by_phone, now)
        _mark_new(part, by_phone, now)
        told = notifications.told()
        over = SENT_TO_THE_NUMBER if told else (*SENT_TO_THE_NUMBER, Purpose.UNDO_PHONE)
        activation.end_sent([change.user_id for change in part if change.old != change.new], by_phone, now=now)
        _end_codes([change.user_id for change in part], now, Q(purpose__in=over) | Q(kind__in=by_phone))
        if not told:
            people = User.objects.in_bulk([change.user_id for change in part])
            audit.record_many(_changed(people[change.user_id], change, source, actor) for change in part)
            outbox.queue_many(list(_messages(part, people, source, now)))


@receiver(mailboxes_changed, dispatch_uid="mfa.receivers.mailboxes_moved")
def mailboxes_moved(sender: object, *, user_ids: list[int], **more: Any) -> None:
    """An activation code waits for a day in the mailbox that it went to. Codes of a factor name their mailbox."""
    by_mail = [kind.slug for kind in kinds.registry().values() if kind.sends and kind.channel == Delivery.Channel.MAIL]
    activation.end_sent(user_ids, by_mail, now=timezone.now())


@receiver(phones_announced, dispatch_uid="mfa.receivers.numbers_announced")
def numbers_announced(sender: object, *, changes: list[PhoneChange], until: datetime, **more: Any) -> None:
    """The trail has each number that begins to rest. Whoever sends codes there tells its owner."""
    for part in portions(changes, AT_ONCE):
        people = User.objects.in_bulk([change.user_id for change in part])
        audit.record_many(_announced(people[change.user_id], change, until) for change in part)


@receiver(write_back_ended, dispatch_uid="mfa.receivers.number_written")
def number_written(sender: object, *, row: WriteBack, **more: Any) -> None:
    """The trail says what became of a number on its way into the directory, where that is for somebody to know."""
    action = WRITE_BACKS.get(WriteBack.State(row.state))
    if action:
        audit.record(action, user=row.user, actor=None, reason=row.answer, new=mask(row.e164))


@receiver(users_deactivated, dispatch_uid="mfa.receivers.people_deactivated")
def people_deactivated(sender: object, *, user_ids: list[int], actor: User | None, **more: Any) -> None:
    """No code that was handed out outlives the account's activity."""
    now = timezone.now()
    for part in portions(user_ids, AT_ONCE):
        _end_codes(part, now)


@receiver(run_decided, dispatch_uid="mfa.receivers.run_decided_about")
def run_decided_about(sender: object, *, action: str, run: SyncRun, actor: User, reason: str, **more: Any) -> None:
    """What is decided at a shell is in the audit trail like what is decided in the admin."""
    audit.record(action, user=None, actor=actor, reason=reason, run=run.pk)


@receiver(run_refused, dispatch_uid="mfa.receivers.run_refused_to")
def run_refused_to(sender: object, *, action: str, run: SyncRun | None, actor: User | None, **more: Any) -> None:
    """Who asked for a job and had lost the right when its turn came finds it in the trail."""
    audit.record(action, user=None, actor=actor, reason="the right was lost meanwhile", run=run.pk if run else None)


def _renew_factors(changes: list[PhoneChange], by_phone: list[str], now: datetime) -> None:
    without = [change.user_id for change in changes if not change.new]
    replaced = [change.user_id for change in changes if change.new]
    Factor.objects.filter(kind__in=by_phone, user__in=without).delete()
    Factor.objects.filter(kind__in=by_phone, user__in=replaced).update(
        confirmed=True,
        disabled_at=None,
        suspended_at=None,
        failures=0,
        expires_at=None,
        created_at=now,
        last_used_at=None,
    )


def _mark_new(changes: list[PhoneChange], by_phone: list[str], now: datetime) -> None:
    """A number that came after a reset, from wherever, is as new as a factor of that time; where none had a row, which
    removing a number and putting it back would else be a way round."""
    for policy in cool_down.helped([change.user_id for change in changes if change.new], now=now):
        for factor in holdings.usable(policy.user, now=now):
            if factor.kind in by_phone:
                row = holdings.stored(factor, now=now)
                row.new_since = policy.helped_at
                row.save(update_fields=["new_since"])


def _end_codes(user_ids: list[int], now: datetime, only: Q | None = None) -> None:
    live = OneTimeCode.objects.filter(only or Q(), user__in=user_ids, ending=OneTimeCode.Ending.LIVE)
    live.update(ending=OneTimeCode.Ending.REPLACED, ended_at=now)


def _changed(person: User, change: PhoneChange, source: PhoneSource, actor: User | None) -> AuditEvent:
    action = "phone.changed" if change.new else "phone.removed"
    details: dict[str, object] = {"old": mask(change.old), "new": mask(change.new), "source": source.value}
    if source is PhoneSource.HELPDESK:
        details["confirmed"] = person.phone_confirmed_at is not None
    return audit.event(action, user=person, actor=actor, reason="", details=details)


def _announced(person: User, change: PhoneChange, until: datetime) -> AuditEvent:
    details: dict[str, object] = {"old": mask(change.old), "new": mask(change.new), "counts from": until.isoformat()}
    return audit.event("phone.announced", user=person, actor=None, reason="", details=details)


def _notice(source: PhoneSource, now: datetime) -> outbox.Circular:
    by = "directory" if source is PhoneSource.DIRECTORY else "helpdesk"
    until = now + outbox.NOTICE_LIFETIME
    return outbox.Circular("phone-changed-for-you", {"by": by, "at": now}, now=now, worth_until=until)


def _messages(
    changes: list[PhoneChange], people: dict[int, User], source: PhoneSource, now: datetime
) -> Iterator[Delivery]:
    """To the old number and the mailbox; a first number that the directory brings is no news."""
    notice = _notice(source, now)
    for change in changes:
        person = people[change.user_id]
        if not person.is_active or not (change.old or source is PhoneSource.HELPDESK):
            continue
        own = {"old": mask(change.old), "new": mask(change.new)}
        if mailbox := change.mailbox or person.email:
            yield notice.mail(person, mailbox, own)
        if change.old:
            yield notice.sms(person, change.old, own)
