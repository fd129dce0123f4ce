"""How often one may guess; how much may leave is `mfa.budgets`. Counts are locked rows: no cache flush forgets them.

From the 5th wrong answer in a row with one kind a delay of 30 s, doubling to 1 h; at 50 the factor is disabled
(NIST SP 800-63B-4 3.2.2 allows 100); at 100 over all kinds of an account it is locked until a person unlocks it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Q

from accounts import compiled
from accounts.compiled import Compiled
from accounts.models import User
from mfa.models import Budget, GuessCounter
from mfa.outcomes import ACCOUNT_LOCKED, Locked

DELAY_FROM = 5
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
FACTOR_CEILING = 50
ACCOUNT_CEILING = 100

_LOCKED = Compiled(
    lambda: GuessCounter.objects.all(),
    sql="INSERT INTO mfa_guesscounter (subject, failures, updated_at) VALUES (%s, '{}', CURRENT_TIMESTAMP)"
    " ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject RETURNING id, subject, failures, updated_at",
)
"""One statement for a counter that is there and for one that is not; either way its row is locked."""


def of_account(user: User) -> str:
    """The subject that all factors of an account are counted under."""
    return f"user:{user.pk}"


def counter_of(user: User) -> GuessCounter | None:
    """The account's counter as it is, for pages; nothing is locked."""
    return GuessCounter.objects.filter(subject=of_account(user)).first()


def lock(subject: str) -> GuessCounter:
    """The subject's counter, locked until the caller's transaction ends."""
    (counter,) = _LOCKED.rows(subject)
    return counter


def check(counter: GuessCounter, kind: str, *, now: datetime) -> None:
    """Raise Locked where a guess with this kind may not be judged now."""
    if is_at_ceiling(counter):
        raise Locked(ACCOUNT_LOCKED, until=None)
    until = delayed_until(counter, kind, now=now)
    if until is not None:
        raise Locked(ACCOUNT_LOCKED, until=until)


def is_locked(counter: GuessCounter, *, now: datetime) -> bool:
    """Whether a guess with any kind that was tried may not be judged now."""
    return is_at_ceiling(counter) or any(delayed_until(counter, kind, now=now) for kind in counter.failures)


def is_at_ceiling(counter: GuessCounter) -> bool:
    """Whether the account is locked until a person unlocks it."""
    return bool(sum(count for count, _ in counter.failures.values()) >= ACCOUNT_CEILING)


def delayed_until(counter: GuessCounter, kind: str, *, now: datetime) -> datetime | None:
    """When the next guess with this kind may be judged; None for now."""
    count, last = counter.failures.get(kind, (0, 0))
    if count < DELAY_FROM:
        return None
    delay = min(FIRST_DELAY * 2 ** min(count - DELAY_FROM, 10), LONGEST_DELAY)
    until = min(datetime.fromtimestamp(last, UTC) + delay, now + LONGEST_DELAY)
    return until if until > now else None


def fail(counter: GuessCounter, kind: str, *, now: datetime) -> None:
    """Count one wrong answer with this kind."""
    count = int(counter.failures.get(kind, (0, 0))[0]) + 1
    counter.failures[kind] = [count, now.timestamp()]
    compiled.replace(counter)


def clear(counter: GuessCounter, kind: str) -> int:
    """Forget the wrong answers of one kind after a right one, of this kind only; returns how many there were."""
    forgotten = counter.failures.pop(kind, None)
    if forgotten is None:
        return 0
    compiled.replace(counter)
    return int(forgotten[0])


def take_back(counter: GuessCounter, kind: str) -> None:
    """Count one answer less, which nobody could judge; a right one in between has left none to take back."""
    if kind not in counter.failures:
        return
    count, last = counter.failures.pop(kind)
    if count > 1:
        counter.failures[kind] = [count - 1, last]
    compiled.replace(counter)


def forget(user: User) -> None:
    """Forget every wrong code and password of an account, from every source. What was sent stays counted."""
    # The rows stay, because others may be waiting for their locks.
    own = Q(subject=of_account(user)) | Q(subject__startswith=f"password:{user.pk}:")
    GuessCounter.objects.filter(own).update(failures={})
    Budget.objects.filter(subject=f"password:{user.pk}").update(spent=[])
