"""People who change their numbers and set up apps, admins who reset, directory runs and code checks, all at the same
time on a few people: `python -m tests.races.soak SECONDS` on the database of the environment. Prints a report as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import django

django.setup()

from django.conf import settings
from django.utils import timezone

from accounts.directory import life, sync
from accounts.models import SyncChange, SyncRun, User
from accounts.phones import mask
from mfa import codes
from mfa.desk import acts, perform
from mfa.desk.asked import Order
from mfa.factors.sms import flows
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from mfa.kinds import Answer, Purpose
from mfa.models import AuditEvent, AuthenticationRecord, Factor
from mfa.outcomes import Refused
from mfa.verification.service import Attempt, verify
from tests.accounts.directory.places import Given
from tests.accounts.directory.samples import entry
from tests.mfa.doors import give_role
from tests.races.at_once import PATIENCE, Report, at_once

PEOPLE = 8
ADMIN = "soak-admin"
OWN, DIRECTORY = "+49151", "+49170"
"""How numbers begin that people enter, and those of the directory: a mixed value is seen at once."""
FASTER = 60
"""The clock of people and codes: a step of an app's code comes every half second."""
MOVES_EPOCH = ("phone.changed", "factor.added", "factors.reset")
ONE_AT_A_TIME = (life.AlreadyRunning,)
REFUSALS = (Refused,)
_began, _moment = time.time(), timezone.now()
dice = random.Random()


def clock() -> datetime:
    return _moment + timedelta(seconds=(time.time() - _began) * FASTER)


def own_number() -> str:
    return f"{OWN}{dice.randrange(10_000_000, 99_999_999)}"


def directory_number() -> str:
    return f"{DIRECTORY}{dice.randrange(1_000_000, 9_999_999)}"


def somebody() -> User:
    return dice.choice(list(User.objects.filter(directory_id__startswith="soak-")))


def change_number() -> str:
    person = somebody()
    number = own_number()
    lifetime = timedelta(minutes=60)
    issued = codes.issue(
        person, Purpose.CONFIRM_PHONE, length=6, lifetime=lifetime, now=clock(), target=number, kind="sms"
    )
    flows.finish(person, issued.row.token, issued.code, actor=person, now=clock())
    return "changed"


def set_up_an_app() -> str:
    person, now = somebody(), clock()
    waiting = totp.begin(person, name="App", now=now)
    token = token_of(waiting)
    totp.confirm(person, waiting.pk, token.code(token.step_at(now)), now=now)
    return "added"


def reset() -> str:
    """More people are in trouble than lose their phone."""
    if dice.random() < 0.7:
        (outcome,) = perform.perform(acts.BY_SLUG["unlock"], _order(), [somebody()])
        return "unlocked" if not outcome.refused else f"not unlocked: {outcome.refused}"
    (outcome,) = perform.perform(acts.BY_SLUG["reset"], _order(), [somebody()])
    return "reset" if not outcome.refused else f"not reset: {outcome.refused}"


def _order() -> Order:
    return Order(User.objects.get(username=ADMIN), "Lost", clock(), identity="in-person")


def check_a_code() -> str:
    person, now = somebody(), clock()
    factor = Factor.objects.filter(user=person, kind="totp", confirmed=True).order_by("?").first()
    code = "000000"
    if factor and dice.random() < 0.9:
        token = token_of(factor)
        code = token.code(token.step_at(now))
    verdict = verify(Attempt(person, Answer(code, Purpose.SIGN_IN, ""), "portal", "198.51.100.7"), now=now)
    return "accepted" if verdict.accepted else verdict.result.meaning


def read_the_directory() -> str:
    people = User.objects.filter(directory_id__startswith="soak-").order_by("pk")
    rows = [
        (one.directory_id or "", one.username, directory_number() if dice.random() < 0.3 else one.directory_phone)
        for one in people
    ]
    done = sync.run(trigger=SyncRun.Trigger.SHELL, reader=Given([entry(*row) for row in rows]))
    return done.state if done.state == "done" else f"{done.state}: {done.message}"


WANTED = {change_number: "changed", set_up_an_app: "added", reset: "reset", check_a_code: "accepted",
          read_the_directory: "done"}  # fmt: skip
"""What each act must have come to once, however little a busy machine does in its time."""


def again_and_again(act: Callable[[], str], until: float) -> Callable[[Report], None]:
    """The act until the time is over and it came to what is wanted. Refusals and a run that is at work are answers;
    anything else is an error."""

    def work(report: Report) -> None:
        dice.seed()
        wanted = f"{act.__name__}: {WANTED[act]}"
        while time.time() < until or (not report.counts[wanted] and time.time() < until + PATIENCE):
            started = time.monotonic()
            try:
                outcome = act()
            except (*REFUSALS, *ONE_AT_A_TIME) as refused:
                outcome = type(refused).__name__
            except Exception:  # noqa: BLE001 (counted and shown)
                outcome = "error"
                report.errors.append(traceback.format_exc())
            report.counts[f"{act.__name__}: {outcome}"] += 1
            report.slowest = max(report.slowest, time.monotonic() - started)

    return work


def prepare() -> None:
    settings.PHONE_COOL_DOWN_HOURS = 0
    settings.SYNC_MAX_NUMBERS_CHANGED = (100, 0)
    User.objects.filter(directory_id__isnull=False).delete()
    give_role(User.objects.create_user(ADMIN, email="soak@example.test"), "admin")
    made = [entry(f"soak-{number}", f"soaked{number}", directory_number()) for number in range(PEOPLE)]
    sync.run(trigger=SyncRun.Trigger.SHELL, reader=Given(made))


def broken() -> Iterator[str]:
    """What no serial order of the acts could have left behind. Events of a person are written with the person's row
    held, so they stand in the order in which the acts counted."""
    for person in User.objects.filter(directory_id__startswith="soak-"):
        events = list(AuditEvent.objects.filter(user=person).order_by("pk"))
        yield from (f"{person}: {words}" for words in _numbers(person, events))
        moved = sum(event.action in MOVES_EPOCH for event in events)
        if person.security_epoch != moved:
            yield f"{person}: epoch {person.security_epoch} after {moved} acts that move it"
        actions = [event.action for event in events if event.action in ("factor.added", "factors.reset")]
        apps = len(actions) - 1 - max((at for at, one in enumerate(actions) if one == "factors.reset"), default=-1)
        found = Factor.objects.filter(user=person, kind="totp", confirmed=True).count()
        if found != apps:
            yield f"{person}: {found} apps after {apps} since the last reset"


def _numbers(person: User, events: list[AuditEvent]) -> Iterator[str]:
    changes = [event.details for event in events if event.action == "phone.changed"]
    for before, after in pairwise(changes):
        if before["new"] != after["old"]:
            yield f"a change to {before['new']} was lost before {after['old']} became {after['new']}"
    if changes and changes[-1]["new"] != mask(person.phone):
        yield f"the last change was to {changes[-1]['new']}, the number is {mask(person.phone)}"
    own = person.phone.startswith(OWN)
    if own != (person.phone_source == "self") or own != (person.phone_confirmed_at is not None):
        yield f"mixed: {mask(person.phone)} {person.phone_source} {person.phone_confirmed_at}"
    by_run = SyncChange.objects.filter(user=person, kind="updated", touches__contains=",phone,").count()
    told = sum(change["source"] == "directory" for change in changes)
    if by_run != told:
        yield f"{by_run} numbers by runs, {told} of them in the trail"


def main() -> None:
    prepare()
    until = time.time() + float(sys.argv[1])
    kinds = (change_number, change_number, set_up_an_app, reset, check_a_code, check_a_code, read_the_directory,
             read_the_directory)  # fmt: skip
    report = at_once([again_and_again(act, until) for act in kinds])
    judged = sum(count for name, count in report.counts.items() if name.startswith("check_a_code"))
    logged = AuthenticationRecord.objects.filter(username__startswith="soaked").count()
    wrong = list(broken()) + ([f"{judged} codes judged, {logged} in the log"] if judged != logged else [])
    json.dump(
        {"counts": dict(sorted(report.counts.items())), "errors": report.errors[:5], "slowest": report.slowest,
         "broken": wrong},
        sys.stdout, indent=2,
    )  # fmt: skip


if __name__ == "__main__":
    main()
