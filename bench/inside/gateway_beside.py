"""What happens beside the codes, until standard input ends: an admin resets people who set up a new app, and the
directory is read, with new numbers and people who have left. Prints one line of JSON for each act, with its time.

People are named by their place: `--moving` are reset, `--leaving` leave, two in each run, and never come back.
"""

from __future__ import annotations

import argparse
import json
import select
import sys
import time
from collections.abc import Iterator

from django.utils import timezone

from accounts.directory import sync
from accounts.directory.entries import Entry
from accounts.models import SyncRun, User
from bench.inside.gateway import ADMIN
from mfa.desk import acts, perform
from mfa.desk.asked import Order
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from tests.accounts.directory.places import Given
from tests.accounts.directory.samples import entry

LEAVE_AT_ONCE = 2
NUMBERS_AT_ONCE = 3
SYNC_EVERY = 5.0
RESET_EVERY = 0.5


def say(act: str, person: str, began: float, **more: object) -> None:
    """The act, the person it was about, and between which moments it took effect."""
    sys.stdout.write(json.dumps({"act": act, "person": person, "from": began, "until": time.time()} | more) + "\n")
    sys.stdout.flush()


def reset(name: str) -> None:
    person, began = User.objects.get(username=name), time.time()
    order = Order(User.objects.get(username=ADMIN), "Lost", timezone.now(), identity="in-person")
    (outcome,) = perform.perform(acts.BY_SLUG["reset"], order, [person])
    if outcome.refused:
        raise SystemExit(f"{name} was not reset: {outcome.refused}")
    say("reset", name, began)


def set_up(name: str) -> None:
    person, began = User.objects.get(username=name), time.time()
    waiting = totp.begin(person, name="App", now=timezone.now())
    token = token_of(waiting)
    totp.confirm(person, waiting.pk, token.code(token.step_at(timezone.now())), now=timezone.now())
    say("set-up", name, began, secret=token.secret.hex())


class Directory:
    """Everybody's entries; each run has some new numbers, and some of those who are leaving no more."""

    def __init__(self, leaving: list[str]) -> None:
        rows = User.objects.exclude(directory_id=None).order_by("pk").values_list("directory_id", "username", "phone")
        self.rows = {name: [str(number), name, str(phone)] for number, name, phone in rows}
        self.leaving = leaving
        self.runs = 0

    def read(self) -> None:
        gone, self.leaving = self.leaving[:LEAVE_AT_ONCE], self.leaving[LEAVE_AT_ONCE:]
        for name in gone:
            del self.rows[name]
        self.runs += 1
        for place, row in enumerate(list(self.rows.values())[-NUMBERS_AT_ONCE:]):
            row[2] = f"+447401{self.runs * NUMBERS_AT_ONCE + place:06d}"
        began = time.time()
        done = sync.run(trigger=SyncRun.Trigger.SHELL, reader=Given(list(self._entries())))
        if done.state != SyncRun.State.DONE:
            raise SystemExit(f"the directory's run ended as {done.state}: {done.message}")
        say("sync", "", began)
        for name in gone:
            say("left", name, began)

    def _entries(self) -> Iterator[Entry]:
        return (entry(*row) for row in self.rows.values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--moving", nargs="*", default=[])
    parser.add_argument("--leaving", nargs="*", default=[])
    options = parser.parse_args()
    directory = Directory(options.leaving)
    directory.read()
    synced, turn = time.monotonic(), 0
    say("ready", "", time.time())
    while not select.select([sys.stdin], [], [], RESET_EVERY)[0]:
        if options.moving:
            name = options.moving[turn % len(options.moving)]
            reset(name)
            set_up(name)
            turn += 1
        if time.monotonic() - synced > SYNC_EVERY:
            directory.read()
            synced = time.monotonic()


if __name__ == "__main__":
    main()
