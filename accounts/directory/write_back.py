"""Numbers that people confirmed, on their way into the directory (PHONE_AUTHORITY=write_back).

The row is the order, written with the number it is about. A worker takes it, writes to the directory outside any
transaction and notes how it ended; killed in between, the next one finds the number there and notes the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.dispatch import receiver
from django.utils import timezone
from kombu.exceptions import ChannelError, OperationalError

from accounts import users
from accounts.directory import configuration
from accounts.directory.readers import BindRefused, DirectoryError
from accounts.directory.readers.ldap.writing import WriteRefused, write_number
from accounts.models import PhoneSource, User, WriteBack
from accounts.signals import PhoneChange, phones_changed, write_back_ended

TASK = "accounts.tasks.write_back"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
GIVEN_UP_AFTER = timedelta(days=3)
KEPT_FOR = timedelta(days=90)
AT_WORK = timedelta(minutes=3)
"""Longer than any try lasts; whoever has had a row for longer is dead."""
MOST_AT_ONCE = 100
SWITCHED_OFF = "Writing back was switched off."
OVERTAKEN = "The person has another number by now, or is not active."

State = WriteBack.State
Clock = Callable[[], datetime]
log = logging.getLogger("accounts.directory")


def on() -> bool:
    """Whether confirmed numbers are written to the directory."""
    return settings.PHONE_AUTHORITY == "write_back" and bool(settings.LDAP_URL) and not settings.DIRECTORY_FILE


@receiver(phones_changed, dispatch_uid="accounts.write_back.order")
def order(sender: object, *, changes: list[PhoneChange], **more: Any) -> None:
    """Order what is to be written; whatever was ordered before for the same people is over. In the transaction that
    changed the numbers. A number that was removed stays in the directory."""
    if not on():
        return
    now = timezone.now()
    older = WriteBack.objects.filter(user__in=[change.user_id for change in changes], state=State.QUEUED)
    perhaps_written = set(older.filter(attempts__gt=0).values_list("user_id", flat=True))
    older.update(state=State.SUPERSEDED, ended_at=now)
    waits = {"created_at": now, "queued_at": now, "next_try_at": now}
    rows = [
        WriteBack(user=user, e164=user.phone, expected=user.directory_phone, **waits)
        for user in _whose_word_counts(changes)
        if user.phone != user.directory_phone or user.pk in perhaps_written
    ]
    WriteBack.objects.bulk_create(rows, batch_size=500)
    if rows:
        keys = [row.pk for row in rows[:MOST_AT_ONCE]]
        transaction.on_commit(lambda: [wake(key) for key in keys])


def _whose_word_counts(changes: list[PhoneChange]) -> QuerySet[User]:
    """People of the directory with a number that they confirmed, or that was the directory's before somebody else had
    changed it."""
    confirmed = Q(phone_source=PhoneSource.SELF, phone_confirmed_at__isnull=False)
    people = User.objects.filter(pk__in=[change.user_id for change in changes if change.new], is_active=True)
    return people.filter(confirmed | Q(phone_source=PhoneSource.DIRECTORY)).exclude(directory_id=None)


def attempt(row_id: int, *, clock: Clock) -> None:
    """Write the number if it is due and nobody else's; does nothing otherwise, however often it is called. Not to be
    called in a transaction."""
    row = _take(row_id, clock())
    if row is None:
        return
    if not on():
        _end(row, State.GIVEN_UP, SWITCHED_OFF, clock())
    elif not row.user.is_active or row.user.phone != row.e164 or not row.user.directory_id:
        _end(row, State.SUPERSEDED, OVERTAKEN, clock())
    else:
        _write(row, row.user.directory_id, clock)


def _write(row: WriteBack, directory_id: str, clock: Clock) -> None:
    server, rules = configuration.writing_server(), configuration.rules()
    try:
        write_number(server, directory_id, row.e164, expected=_expected(row), rules=rules)
    except WriteRefused as refused:
        _end(row, State.REFUSED, str(refused), clock())
    except BindRefused:
        words = "The directory refused the account that writes: check its name and password in the settings."
        _postpone(row, words, clock())
    except DirectoryError as error:
        _postpone(row, str(error), clock())
    else:
        _written(row, clock())


def _take(row_id: int, now: datetime) -> WriteBack | None:
    """The row, if this worker is the one to try now. A claim is known by its number of tries."""
    due = WriteBack.objects.filter(pk=row_id, state=State.QUEUED, next_try_at__lte=now)
    if not due.update(next_try_at=now + AT_WORK, attempts=F("attempts") + 1):
        return None
    return WriteBack.objects.select_related("user").get(pk=row_id)


def _expected(row: WriteBack) -> list[str]:
    """What the directory may have: what a run read, or an older number of the person that was tried since."""
    ours = WriteBack.objects.filter(
        user=row.user_id, state=State.SUPERSEDED, attempts__gt=0, expected=row.expected, pk__lt=row.pk
    )
    return [row.expected, *ours.order_by("-pk").values_list("e164", flat=True)]


def _held(row: WriteBack) -> QuerySet[WriteBack]:
    return WriteBack.objects.filter(pk=row.pk, state=State.QUEUED, attempts=row.attempts)


@transaction.atomic
def _written(row: WriteBack, now: datetime) -> None:
    """The next run finds nothing new: what the directory has now is what the portal wrote."""
    if _held(row).update(state=State.WRITTEN, answer="", ended_at=now):
        users.note_written(row.user_id, row.e164)
        row.state = State.WRITTEN
        write_back_ended.send(sender=WriteBack, row=row)
    else:
        users.note_written(row.user_id, row.e164, instead_of=row.expected)


@transaction.atomic
def _end(row: WriteBack, state: WriteBack.State, answer: str, now: datetime) -> None:
    if _held(row).update(state=state, answer=answer[:300], ended_at=now):
        row.state, row.answer = state, answer[:300]
        log.warning("number of user %s not written to the directory (%s): %s", row.user_id, state, answer)
        write_back_ended.send(sender=WriteBack, row=row)


def _postpone(row: WriteBack, answer: str, now: datetime) -> None:
    """Try again later, for some days; the pause is as long as the wait has been so far."""
    if now - row.queued_at >= GIVEN_UP_AFTER:
        _end(row, State.GIVEN_UP, answer, now)
        return
    pause = min(max(now - row.queued_at, FIRST_PAUSE), LONGEST_PAUSE)
    log.info("number of user %s waits for the directory: %s", row.user_id, answer)
    _held(row).update(next_try_at=now + pause, answer=answer[:300])


@transaction.atomic
def try_again(row_id: int, *, now: datetime) -> bool:
    """Order anew what was refused or given up, in place of what the last run read. False where the person has another
    number by now, or none is to be written."""
    row = WriteBack.objects.filter(pk=row_id, state__in=(State.REFUSED, State.GIVEN_UP)).first()
    if row is None or not on():
        return False
    user = User.objects.select_for_update(no_key=True).get(pk=row.user_id)
    newer = WriteBack.objects.filter(user=user, pk__gt=row.pk)
    if newer.exists() or user.phone != row.e164 or not user.is_active:
        return False
    again = WriteBack.objects.filter(pk=row.pk, state=row.state)
    done = again.update(
        state=State.QUEUED, expected=user.directory_phone, queued_at=now, next_try_at=now, ended_at=None
    )
    transaction.on_commit(lambda: wake(row.pk))
    return bool(done)


def latest(user: User) -> WriteBack | None:
    """What became of the number that the person has now."""
    return WriteBack.objects.filter(user=user).order_by("-pk").first() if on() and user.directory_id else None


def sweep(*, now: datetime) -> int:
    """Wake workers for what is due, and forget what was settled long ago. Returns how many were woken."""
    settled = WriteBack.objects.filter(state__in=(State.WRITTEN, State.SUPERSEDED))
    settled.filter(ended_at__lt=now - KEPT_FOR).delete()
    due = WriteBack.objects.filter(state=State.QUEUED, next_try_at__lte=now).order_by("next_try_at")
    return sum(wake(row_id) for row_id in due.values_list("pk", flat=True)[:MOST_AT_ONCE])


def wake(row_id: int) -> bool:
    """Ask a worker to try; False where the broker is out of reach: the sweep finds the row."""
    try:
        current_app.send_task(TASK, args=[row_id], expires=int(AT_WORK.total_seconds()))
    except (OperationalError, ChannelError, OSError) as error:
        log.warning("broker out of reach; the sweep writes back later (%s)", type(error).__name__)
        return False
    return True
