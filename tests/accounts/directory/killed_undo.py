"""An undo of the latest real run, in a process of its own that may be told to kill itself; prints everybody after it.

Arguments: after which write of a batch to die (0: never), how many minutes the clock is ahead.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django

django.setup()

from django.utils import timezone

from accounts.directory import judging, undo
from accounts.models import SyncRun
from tests.accounts.directory.killed_run import die_after, tell


def main() -> None:
    writes, minutes = int(sys.argv[1]), int(sys.argv[2])
    judging.BATCH = 60
    if writes:
        die_after(writes)
    run = SyncRun.objects.filter(state=SyncRun.State.DONE).exclude(mode=SyncRun.Mode.UNDO).latest("pk")
    tell(
        undo.undo(
            run, trigger=SyncRun.Trigger.SHELL, actor=None, now=lambda: timezone.now() + timedelta(minutes=minutes)
        )
    )


if __name__ == "__main__":
    main()
