"""A run in a process of its own that may be told to kill itself; prints everybody as the run left them.

Arguments: the LDIF file, after which write of a batch to die (0: never), how many minutes the clock is ahead.
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

from accounts.directory import apply, kept, sync
from accounts.directory.readers.ldif import LdifReader
from accounts.models import SyncChange, SyncRun, User
from accounts.people import Change

COLUMNS = (
    "directory_id", "username", "name", "email", "phone", "phone_source", "directory_phone", "directory_dn",
    "directory_fingerprint", "is_active", "security_epoch",
)  # fmt: skip


def die_after(writes: int) -> None:
    """Kill this process inside a transaction, after its rows were written and before it ends."""
    keep, left = kept.keep, [writes]

    def deadly(run: SyncRun, changes: Iterable[Change]) -> None:
        keep(run, changes)
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    kept.keep = deadly


def main() -> None:
    path, writes, minutes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    apply.BATCH = apply.CREATED_AT_ONCE = 20
    if writes:
        die_after(writes)
    run = sync.run(
        trigger=SyncRun.Trigger.SHELL, reader=LdifReader(path), now=lambda: timezone.now() + timedelta(minutes=minutes)
    )
    tell(run)


def tell(run: SyncRun) -> None:
    people = sorted(list(map(str, row)) for row in User.objects.values_list(*COLUMNS))
    killed = SyncRun.objects.filter(state=SyncRun.State.KILLED).count()
    changes = SyncChange.objects.exclude(kind="created").count()
    sys.stdout.write(json.dumps({"state": run.state, "people": people, "killed": killed, "kept": changes}))


if __name__ == "__main__":
    main()
