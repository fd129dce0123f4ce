"""What the directory says of people, for thousands at once: new ones, changed ones, and the numbers that rested. Each
function is one act in one transaction, the caller's if there is one."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from secrets import token_bytes
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, transaction

from accounts import bulk
from accounts.models import PhoneSource, User
from accounts.people import COLUMNS, Change, Person
from accounts.portions import portions
from accounts.signals import PhoneChange, mailboxes_changed, phones_announced, users_deactivated
from accounts.users import announce_phones

NEW = (
    "password", "is_superuser", "username", "name", "email", "language", "is_active", "is_staff", "created_at", "phone",
    "phone_source", "directory_id", "directory_dn", "directory_phone", "directory_fingerprint", "security_epoch",
    "phone_next",
)  # fmt: skip
CHANGED = (*COLUMNS[1:], "deactivated_at", "security_epoch")
LOCKED_AT_ONCE = 5000


def create_many(people: Sequence[Person], *, now: datetime) -> dict[str, int]:
    """Store new people of the directory, active, without a password of the portal's own. Returns their primary keys by
    directory id; somebody whose id or user name exists already is left out."""
    ids = [person.directory_id for person in people]
    keys = bulk.reserve(User, len(people))
    if keys is not None:
        with suppress(IntegrityError), transaction.atomic():
            bulk.insert(User, ("id", *NEW), map(_behind, keys, _new_rows(people, now)))
            return dict(zip(ids, keys, strict=True))
    bulk.insert(User, NEW, _new_rows(people, now), skip_existing=True)
    stored = User.objects.filter(directory_id__in=bulk.among(ids), created_at=now).values_list("directory_id", "pk")
    return {directory_id: pk for directory_id, pk in stored if directory_id}


def _new_rows(people: Sequence[Person], now: datetime) -> Iterator[tuple[object, ...]]:
    """Each has a password that nobody can use, unlike anybody else's: 30 random bytes in 40 letters."""
    letters = urlsafe_b64encode(token_bytes(30 * len(people))).decode()
    for number, person in enumerate(people):
        yield (
            UNUSABLE_PASSWORD_PREFIX + letters[number * 40 : number * 40 + 40], False, person.username, person.name,
            person.email, "", True, False, now, person.phone, person.phone_source, person.directory_id,
            person.directory_dn, person.directory_phone, person.directory_fingerprint, 0, "",
        )  # fmt: skip


def _behind(key: int, row: tuple[object, ...]) -> tuple[object, ...]:
    return (key, *row)


@transaction.atomic
def change_many(changes: Sequence[Change], *, now: datetime, actor: User | None) -> list[Change]:
    """Bring people from `old` to `new`, and tell the rooms above. Returns the changes that were made.

    Somebody who is not as `old` says any more was changed by another hand meanwhile and is left alone; the next run
    sees them again. Leaving cannot wait: it is done to whatever the person is now. For somebody who returns, a number
    at rest rests anew: nobody who was away could refuse it.
    """
    rows: list[tuple[object, ...]] = []
    done: list[Change] = []
    for given, state in _locked(changes):
        change = _rests_anew(given, now) if _returns(given) and given.new.phone_next_at else given
        new, epoch = change.new, state.security_epoch
        other_number, leaves = new.phone != change.old.phone, change.old.is_active and not new.is_active
        rows.append((*new[:1], *new[2:], _deactivated_at(change, state, now), epoch + (other_number or leaves)))
        done.append(change)
    if done:
        _free_names(done)
        bulk.update(User, CHANGED, rows)
        _announce(done, actor)
    return done


class _State(NamedTuple):
    """What only the database knows of a person who is to be changed."""

    deactivated_at: datetime | None
    security_epoch: int


def _locked(changes: Sequence[Change]) -> Iterator[tuple[Change, _State]]:
    """Each change that may be made, with the rows locked in one order for everybody."""
    wanted = {change.old.pk: change for change in changes}
    columns = ("pk", *COLUMNS, *_State._fields)
    for part in portions(sorted(wanted), LOCKED_AT_ONCE):
        some = User.objects.select_for_update(no_key=True).filter(pk__in=bulk.among(part)).order_by("pk")
        for row in some.values_list(*columns):
            now, state = Person(*row[: len(Person._fields)]), _State(*row[len(Person._fields) :])
            change = wanted[now.pk]
            if now == change.old:
                yield change, state
            elif now.is_active and not change.new.is_active and now.directory_id == change.old.directory_id:
                name, noted = change.new.username, change.new.directory_fingerprint
                left = now._replace(username=name, is_active=False, directory_fingerprint=noted)
                yield Change(now, left), state


def _returns(change: Change) -> bool:
    return change.new.is_active and not change.old.is_active


def _rests_anew(change: Change, now: datetime) -> Change:
    until = now + timedelta(hours=settings.PHONE_COOL_DOWN_HOURS)
    return change._replace(new=change.new._replace(phone_next_at=until))


def _deactivated_at(change: Change, state: _State, now: datetime) -> datetime | None:
    if change.new.is_active:
        return None
    return now if change.old.is_active else state.deactivated_at


def _free_names(changes: Sequence[Change]) -> None:
    """Names are unique at every moment, so whoever gets another one first lets go of theirs: swaps need it. What stands
    there for the moment has capitals, which nobody's name has."""
    renamed = [change.old.pk for change in changes if change.old.username != change.new.username]
    if renamed:
        bulk.update(User, ["username"], [(pk, f"RENAMED {pk}") for pk in renamed])


def _announce(changes: Sequence[Change], actor: User | None) -> None:
    numbers = [_phone_change(one, one.new.phone) for one in changes if one.old.phone != one.new.phone]
    resting = [change for change in changes if change.new.phone_next_at and _is_new_at_rest(change)]
    left = [change.old.pk for change in changes if change.old.is_active and not change.new.is_active]
    moved = [change.old.pk for change in changes if _mailbox(change.old) != _mailbox(change.new)]
    for until, some in groupby(sorted(resting, key=_rest), key=_rest):
        announced = [_phone_change(change, change.new.phone_next) for change in some]
        phones_announced.send(sender=User, changes=announced, until=until)
    if numbers:
        announce_phones(numbers, source=PhoneSource.DIRECTORY, actor=actor)
    if moved:
        mailboxes_changed.send(sender=User, user_ids=moved)
    if left:
        users_deactivated.send(sender=User, user_ids=left, actor=actor)


def _mailbox(person: Person) -> bytes:
    """Upper case of ASCII makes no other mailbox."""
    return person.email.encode().lower()


def _phone_change(change: Change, number: str) -> PhoneChange:
    old = change.old
    return PhoneChange(old.pk, old.phone, number, old.email if old.email != change.new.email else "")


def _is_new_at_rest(change: Change) -> bool:
    new, old = change.new, change.old
    return new.phone_next != old.phone_next or not old.phone_next_at or _returns(change)


def _rest(change: Change) -> datetime:
    if change.new.phone_next_at is None:
        raise ValueError("a number at rest has an end of its rest")
    return change.new.phone_next_at


def bring_rested(*, now: datetime, refuse_shared: bool = False) -> int:
    """Give some thousands of active people the number whose rest is over; with `refuse_shared` nobody gets one that
    somebody else has, which then counts as refused. Returns how many were settled: 0 when all are."""
    over = User.objects.filter(phone_next_at__lte=now, is_active=True).order_by("pk")
    people = [Person._make(row) for row in over.values_list("pk", *COLUMNS)[:LOCKED_AT_ONCE]]
    taken = _taken(people) if refuse_shared else frozenset()
    changes = [Change(one, _refused(one) if one.phone_next in taken else _rested(one)) for one in people]
    return len(change_many(changes, now=now, actor=None))


def _taken(people: Sequence[Person]) -> frozenset[str]:
    """The numbers that rest for several of the people, or that another active person has."""
    wanted = Counter(person.phone_next for person in people)
    owned = User.objects.filter(phone__in=wanted, is_active=True).values_list("phone", flat=True)
    return frozenset(owned) | {number for number, count in wanted.items() if count > 1}


def _rested(person: Person) -> Person:
    return person._replace(
        phone=person.phone_next, phone_source=PhoneSource.DIRECTORY.value, phone_confirmed_at=None,
        phone_next="", phone_next_at=None,
    )  # fmt: skip


def _refused(person: Person) -> Person:
    return person._replace(phone_next_at=None)
