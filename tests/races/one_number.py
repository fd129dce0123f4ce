"""A directory run and the people themselves change the same numbers in the same moment: `python -m
tests.races.one_number` on the database of the environment. Prints what became of each person as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from multiprocessing import get_context

import django

django.setup()

from django.conf import settings
from django.utils import timezone

from accounts.directory import apply, sync
from accounts.models import SyncChange, SyncRun, User
from mfa.delivery import outbox
from mfa.factors.sms import flows
from mfa.models import AuditEvent, Delivery
from mfa.outcomes import Refused
from tests.accounts.directory.places import Given
from tests.accounts.directory.samples import entry
from tests.races.at_once import Report, Work, at_once

PEOPLE, HANDS = 20, 3
LATER = timedelta(hours=1)
"""Messages that other tests sent do not count."""


def given(first: int) -> Given:
    return Given([entry(f"pair-{n}", f"paired{n}", f"+49170{first + n}") for n in range(PEOPLE)])


def begin(person: User) -> tuple[User, str, str]:
    """A change to an own number that waits for its code."""
    number = f"+49151{20_000_000 + person.pk}"
    token = flows.start(person, number, actor=person, now=timezone.now() + LATER).token
    text = outbox.read(Delivery.objects.filter(recipient=number).latest("pk"))
    return person, token, text.rpartition("#")[2]


def main() -> None:
    settings.SYNC_MAX_NUMBERS_CHANGED, apply.BATCH = (100, 0), 3
    sync.run(trigger=SyncRun.Trigger.SHELL, reader=given(1_000_000))
    waiting = [begin(one) for one in User.objects.filter(directory_id__startswith="pair-").order_by("pk")]
    writing = get_context("fork").Event()

    def directory(report: Report) -> None:
        def seen(step: str, done: int, total: int) -> None:
            if step == "writing":
                writing.set()

        run = sync.run(trigger=SyncRun.Trigger.SHELL, reader=given(2_000_000), progress=seen)
        report.counts["left for the next run"] += run.counts.get("left_for_next_run", 0)

    def hand(number: int) -> Work:
        def people(report: Report) -> None:
            writing.wait(60)
            for person, token, code in waiting[number::HANDS]:
                try:
                    flows.finish(person, token, code, actor=person, now=timezone.now() + LATER)
                    report.counts["own"] += 1
                except Refused as refused:
                    report.counts[type(refused).__name__] += 1

        return people

    report = at_once([directory, *(hand(number) for number in range(HANDS))])
    run = SyncRun.objects.latest("pk")
    raced = [outcome(person, run) for person, _token, _code in waiting]
    sync.run(trigger=SyncRun.Trigger.SHELL, reader=given(2_000_000))
    waits = AuditEvent.objects.filter(action="phone.announced", username__startswith="paired").count()
    json.dump({"counts": report.counts, "errors": report.errors, "raced": raced, "announced": waits}, sys.stdout)


def outcome(person: User, run: SyncRun) -> dict[str, object]:
    now = User.objects.get(pk=person.pk)
    changes = AuditEvent.objects.filter(user=person, action="phone.changed").order_by("pk")
    return {
        "number": now.phone[:6], "source": now.phone_source, "confirmed": now.phone_confirmed_at is not None,
        "by the run": SyncChange.objects.filter(run=run, user=person).exists(),
        "trail": [change.details["source"] for change in changes],
    }  # fmt: skip


if __name__ == "__main__":
    main()
