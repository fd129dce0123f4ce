"""The directory sync at a shell."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.directory import configuration, life, report, sync
from accounts.directory.readers import DirectoryReader
from accounts.directory.readers.csv import CsvReader
from accounts.directory.readers.ldif import LdifReader
from accounts.models import SyncRun

FAILED, STOPPED = 1, 2


class Command(BaseCommand):
    help = (
        "Bring people and their phone numbers from the directory. "
        "Ends with 0 when done, 2 when a guard stopped the run before any change, 1 when it failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nobody")
        extent = parser.add_mutually_exclusive_group()
        extent.add_argument("--full", action="store_true", help="read everybody; this is the default")
        extent.add_argument("--incremental", action="store_true", help="read what changed since the last run only")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")
        parser.add_argument("--ldif", type=Path, metavar="FILE", help="read this LDIF file instead of the directory")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="read this CSV file instead of the directory")

    def handle(self, *args: Any, **options: Any) -> None:
        mode = SyncRun.Mode.INCREMENTAL if options["incremental"] else SyncRun.Mode.FULL
        run = self._run(_file(options["ldif"], options["csv"]), options["dry_run"], mode)
        self.stdout.write(_as_json(run) if options["json"] else _as_text(run))
        if run.state == SyncRun.State.STOPPED:
            raise CommandError(run.message, returncode=STOPPED)
        if run.state != SyncRun.State.DONE:
            raise CommandError(run.message, returncode=FAILED)

    def _run(self, reader: DirectoryReader | None, dry_run: bool, mode: SyncRun.Mode) -> SyncRun:
        with Bar() as bar:
            try:
                return sync.run(
                    trigger=SyncRun.Trigger.SHELL, dry_run=dry_run, mode=mode, reader=reader, progress=bar.show
                )
            except (life.AlreadyRunning, sync.NotConfigured, life.RunLost) as refusal:
                raise CommandError(str(refusal), returncode=FAILED) from None


def _file(ldif: Path | None, table: Path | None) -> DirectoryReader | None:
    if ldif and table:
        raise CommandError("Name one file: --ldif or --csv.", returncode=FAILED)
    if table:
        return CsvReader(table, profile=configuration.profile())
    return LdifReader(ldif, profile=configuration.profile()) if ldif else None


class Bar:
    """A progress bar on standard error, for a terminal only."""

    def __enter__(self) -> Bar:
        self._bar: tqdm[Any] = tqdm(disable=None, unit=" people", leave=False)
        return self

    def __exit__(self, *args: object) -> None:
        self._bar.close()

    def show(self, step: str, done: int, total: int) -> None:
        if self._bar.disable:
            return
        if self._bar.desc != f"{step}: ":
            self._bar.set_description(step, refresh=False)
            self._bar.reset(total=total)
        self._bar.total = total
        self._bar.update(done - self._bar.n)


def _as_json(run: SyncRun) -> str:
    report = {
        "run": run.pk, "state": run.state, "mode": run.mode, "dry_run": run.dry_run, "counts": run.counts,
        "message": run.message,
    }  # fmt: skip
    return json.dumps(report, sort_keys=True)


def _as_text(run: SyncRun) -> str:
    extent = f"{run.get_mode_display()}{' (dry run)' if run.dry_run else ''}"
    title = f"Directory run {run.pk}, {extent}: {run.get_state_display()}"
    remark = [f"  {run.message}"] if run.message else []
    figures = [f"  {name}: {figure}" for name, figure in report.figures(run.counts)]
    return "\n".join([title, *remark, *figures])
