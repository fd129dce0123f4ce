"""A run in a process of its own that may be told to kill itself; prints everybody as the run left them.

Arguments: the LDIF file, after which write of a batch to die (0: never) or at which of STEPS, how many minutes the
clock is ahead.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.utils import timezone

from accounts.directory import apply, kept, life, sync
from accounts.directory.readers.ldif import LdifReader
from accounts.models import SyncChange, SyncRun, User
from accounts.people import Change

COLUMNS = (
    "directory_id", "username", "name", "email", "phone", "phone_source", "directory_phone", "directory_dn",
    "directory_fingerprint", "is_active", "security_epoch",
)  # fmt: skip


STEPS = ("reading", "planning", "writing", "ending")


def die_after(writes: int) -> None:
    """Kill this process inside a transaction, after its rows were written and before it ends."""
    keep, left = kept.keep, [writes]

    def deadly(run: SyncRun, changes: Iterable[Change]) -> None:
        keep(run, changes)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    kept.keep = deadly


def die_at(wanted: str) -> life.Progress:
    """Kill this process in the middle of the reading, before the first write, after the last one, or in the transaction
    that ends the run."""
    finish = life.Life.finish

    def deadly(self: life.Life, **columns: object) -> None:
        finish(self, **columns)
        if wanted == "ending":
            os.kill(os.getpid(), signal.SIGKILL)

    def progress(step: str, done: int, total: int) -> None:
        here = {"reading": done > 0, "planning": True, "writing": 0 < done == total}
        if step == wanted and here[step]:
            os.kill(os.getpid(), signal.SIGKILL)

    life.Life.finish = deadly  # type: ignore[method-assign]
    return progress


def main() -> None:
    path, where, minutes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    apply.BATCH = apply.CREATED_AT_ONCE = 20
    if where.isdigit() and int(where):
        die_after(int(where))
    run = sync.run(
        trigger=SyncRun.Trigger.SHELL, reader=LdifReader(path), now=lambda: timezone.now() + timedelta(minutes=minutes),
        progress=die_at(where) if where in STEPS else None,
    )  # fmt: skip
    tell(run)


def tell(run: SyncRun) -> None:
    people = sorted(list(map(str, row)) for row in User.objects.values_list(*COLUMNS))
    killed = SyncRun.objects.filter(state=SyncRun.State.KILLED).count()
    changes = SyncChange.objects.exclude(kind="created").count()
    sys.stdout.write(json.dumps({"state": run.state, "people": people, "killed": killed, "kept": changes}))


if __name__ == "__main__":
    main()
