"""The only place where a code is judged: limits -> lock -> the kind's verdict -> mark -> log, in one transaction."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import compiled
from accounts.models import User
from mfa import applications, audit, budgets, crypto, enrolment, holdings, kinds, limits, notifications
from mfa.kinds import Answer, Answers, Purpose
from mfa.models import Delivery, Factor, GuessCounter, Remembered
from mfa.outcomes import (
    FACTOR_DISABLED,
    UNREADABLE,
    USER_DISABLED,
    Locked,
    Refused,
    Result,
    Unusable,
    WrongShape,
)
from mfa.verification import log, memory, sources, unfit

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer to judge. `kind` narrows it to one kind of factor, empty lets every kind try that fits its shape."""

    user: User
    answer: Answer
    application: str
    address: str
    kind: str = ""
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`factor` is the one that said yes, `remembered` the earlier verification that spares it; `refused` says why
    not."""

    result: Result
    factor: Factor | None = None
    refused: Refused | None = None
    remembered: Remembered | None = None

    @property
    def accepted(self) -> bool:
        vouched = self.factor is not None or self.remembered is not None
        return vouched and self.refused is None and self.result.accepted

    @property
    def kind(self) -> str:
        """The kind of factor that the acceptance rests on; empty for a refusal."""
        vouching = self.factor or self.remembered
        return vouching.kind if vouching else ""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code on its way: the token its answer must name, and the message."""

    token: str
    delivery: Delivery


def verify(attempt: Attempt, *, now: datetime) -> Verdict:
    """Judge one answer. Mark (step, spent code, count) and log row commit together, before anybody hears "accepted"."""
    started = time.monotonic()
    with compiled.together():
        try:
            verdict = _judge(attempt, now)
        except Refused as refused:
            verdict = Verdict(refused.result, refused=refused)
        log.record(attempt, verdict, now=now, seconds=time.monotonic() - started)
    return verdict


def challenge(factor: Factor, *, purpose: Purpose, now: datetime) -> Challenge:
    """Send a code for a factor that sends. Raises Refused (too many messages, locked)."""
    with transaction.atomic():
        counter = limits.lock(limits.of_account(factor.user))
        limits.check(counter, factor.kind, now=now)
        enrolment.lock_person(factor.user)  # before the factor, as everything that changes a person does
        row = holdings.stored(factor, now=now)
        token, delivery = kinds.kind(row.kind).send(row, purpose=purpose, now=now)
    return Challenge(token, delivery)


def _judge(attempt: Attempt, now: datetime) -> Verdict:
    counter = limits.lock(limits.of_account(attempt.user))
    person, usable = holdings.locked(attempt.user, now=now)
    if person is None:
        raise Unusable(USER_DISABLED)
    remembered = _remembered(attempt, person, counter, now)
    if remembered is not None:
        return remembered
    # After the person's own rows, which whoever holds this one has.
    source = sources.locked(person, attempt.address, attempt.application, now=now)
    refusals: list[Refused] = []
    wrong: list[Factor] = []
    for factor in _candidates(attempt, usable, now):
        try:
            return _try(factor, attempt, counter, wrong, now)
        except Refused as refused:
            refused.kind = factor.kind
            refusals.append(refused)
    _count(wrong, counter, now)
    if wrong and source is not None:
        budgets.miss(source, now=now)
    raise _most_telling(refusals)


def recall(attempt: Attempt, *, now: datetime) -> Verdict | None:
    """A yes without a code where a remember rule spares it, logged; None where a code must be asked for. The first
    factor was right."""
    started = time.monotonic()
    with transaction.atomic():
        counter = limits.lock(limits.of_account(attempt.user))
        person = User.objects.filter(pk=attempt.user.pk, is_active=True).first()  # as after the wait for the lock
        verdict = _remembered(attempt, person, counter, now) if person else None
        if verdict is not None:
            log.record(attempt, verdict, now=now, seconds=time.monotonic() - started)
    return verdict


def _remembered(attempt: Attempt, person: User, counter: GuessCounter, now: datetime) -> Verdict | None:
    """What is locked is spared nothing, and a test is a test of a code."""
    if attempt.answer.purpose is Purpose.TEST or limits.is_locked(counter, now=now):
        return None
    found = memory.recall(person, attempt.application, attempt.address, now=now)
    return Verdict(memory.RESULTS[found.rule.scope], remembered=found) if found else None


def _candidates(attempt: Attempt, usable: list[Factor], now: datetime) -> list[Factor]:
    """Those of the usable factors that the answer could belong to. Raises Unusable or WrongShape where none is."""
    accepted = applications.accepted_from(attempt.user, attempt.application, now=now)
    meant = [factor for factor in usable if attempt.kind in ("", factor.kind)]
    factors = applications.answering(meant, accepted, attempt.application, now=now)
    if not factors:
        raise unfit.why(attempt.user, usable, attempt.application, now=now, kind=attempt.kind)
    fitting = [factor for factor in factors if kinds.kind(factor.kind).could_match(factor, attempt.answer)]
    if not fitting:
        raise unfit.no_answer_of(attempt.user, attempt.answer, attempt.application, now=now, kind=attempt.kind)
    return fitting


def _try(factor: Factor, attempt: Attempt, counter: GuessCounter, wrong: list[Factor], now: datetime) -> Verdict:
    """`wrong` collects the rows that said no: a code that is right for one factor is no guess at the others.

    A signature cannot be guessed, so a ceremony is not held up by wrong codes: whoever types those shuts nobody out who
    has a passkey.
    """
    kind = kinds.kind(factor.kind)
    if kind.answers is Answers.CODE:
        limits.check(counter, factor.kind, now=now)
    row = factor if factor.pk else holdings.stored(factor, now=now)
    try:
        kind.verify(row, attempt.answer, now=now)
    except crypto.Undecryptable:
        logger.error("factor %s cannot be decrypted", row.pk)
        raise Unusable(UNREADABLE) from None
    except Refused as refused:
        if refused.costs:
            wrong.append(row)
        raise
    return _accept(row, attempt, counter, now)


def _accept(row: Factor, attempt: Attempt, counter: GuessCounter, now: datetime) -> Verdict:
    """What follows a right answer: its factor, its counts and what is remembered are written."""
    kind = kinds.kind(row.kind)
    row.failures = 0
    is_test = attempt.answer.purpose is Purpose.TEST
    if not is_test:
        row.last_used_at, row.last_used_for = now, attempt.application
    compiled.replace(row)
    _tell_of_wrong_codes(attempt, limits.clear(counter, row.kind), now)
    if not is_test and kind.backup:
        memory.forget(row.user)  # who needs a way back has lost something: whoever has it is asked
    elif not is_test and not kind.lent:
        epoch = attempt.user.security_epoch
        memory.remember(row, attempt.application, attempt.address, epoch=epoch, now=now)
    return Verdict(kind.result(row), factor=row)


def _count(wrong: list[Factor], counter: GuessCounter, now: datetime) -> None:
    """One wrong answer: once per kind for the account, once per factor that said no."""
    for slug in {row.kind for row in wrong}:
        limits.fail(counter, slug, now=now)
    for row in wrong:
        row.failures += 1
        if row.failures >= limits.FACTOR_CEILING:
            _disable(row, now)
        compiled.replace(row)


def _disable(row: Factor, now: datetime) -> None:
    row.disabled_at = now
    logger.warning("factor %s disabled: %s", row.pk, FACTOR_DISABLED.meaning)
    audit.record_of(row, "factor.disabled", actor=None)
    context = {"label": kinds.kind(row.kind).label, "name": row.name, "at": now}
    notifications.tell(row.user, "factor-disabled", context, now=now)


def _tell_of_wrong_codes(attempt: Attempt, failures: int, now: datetime) -> None:
    """One notice for a whole series of wrong codes, once the right one ends it: not one for each, which would flood."""
    if failures >= limits.DELAY_FROM:
        context = {"count": failures, "address": attempt.address, "application": attempt.application, "at": now}
        notifications.tell(attempt.user, "wrong-codes", context, now=now)


def _most_telling(refusals: list[Refused]) -> Refused:
    """Of several refusals the one that helps most: a used code or a wrong clock says more than "wrong"."""
    found = min(refusals, key=lambda refused: (isinstance(refused, (Locked, WrongShape)), not refused.tells_cause))
    if not found.tells_cause and len({refused.kind for refused in refusals}) > 1:
        found.kind = ""  # whose code it was meant to be, nobody knows
    return found
