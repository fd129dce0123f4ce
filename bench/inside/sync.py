"""One directory run, timed from its first act to its report; with `--profile FILE` under the profiler."""

from __future__ import annotations

import argparse
import cProfile
import json
import resource
import time
from contextlib import ExitStack
from typing import Any

from accounts.directory import sync
from accounts.models import SyncRun

EVERYBODY = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--profile", help="where the profiler's figures go")
    parser.add_argument("--incremental", action="store_true", help="read what changed only")
    options = parser.parse_args()
    mode = SyncRun.Mode.INCREMENTAL if options.incremental else SyncRun.Mode.FULL
    print(json.dumps(_timed_run(options.profile, mode)))


def _timed_run(profile: str | None, mode: SyncRun.Mode) -> dict[str, Any]:
    with ExitStack() as stack:
        profiler = stack.enter_context(cProfile.Profile()) if profile else None
        begun, worked = time.perf_counter(), _worked()
        run = sync.run(trigger=SyncRun.Trigger.SHELL, mode=mode)
        seconds, cpu_seconds = time.perf_counter() - begun, _worked() - worked
    if profiler is not None:
        profiler.dump_stats(str(profile))
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "state": run.state,
        "mode": run.mode,
        "counts": run.counts,
        "message": run.message,
    }


def _worked() -> float:
    """Seconds of processor time, of the processes that read records as well."""
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, EVERYBODY))


if __name__ == "__main__":
    main()
