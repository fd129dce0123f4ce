"""The directory sync at a shell."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts import names
from accounts.directory import configuration, excerpt, life, report, sync, undo
from accounts.directory.life import Progress
from accounts.directory.readers import DirectoryReader
from accounts.directory.readers.csv import CsvReader
from accounts.directory.readers.ldif import LdifReader
from accounts.models import SyncRun, User
from accounts.signals import run_decided

FAILED, STOPPED = 1, 2
SHOWN = 10
OVERRULE = "accounts.overrule_sync"
REFUSALS = (
    life.AlreadyRunning, life.AlreadyApplied, life.RunLost, sync.NotConfigured, undo.NothingToUndo,
)  # fmt: skip


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
        parser.add_argument(
            "--show", type=_count, metavar="N", help="show N people of each kind of change; with --json the first N "
            "changes, each on a line of its own after the report (a dry or stopped run shows 10 without --json)",
        )  # fmt: skip
        parser.add_argument("--confirm", type=int, metavar="RUN", help="apply the plan of this stopped run, once")
        parser.add_argument("--undo", type=int, metavar="RUN", help="take this run back")
        parser.add_argument("--actor", metavar="NAME", help="the admin who decides, for --confirm and --undo")
        parser.add_argument("--reason", default="", help="why, for the audit trail")
        parser.add_argument("--ldif", type=Path, metavar="FILE", help="read this LDIF file instead of the directory")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="read this CSV file instead of the directory")

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._work(options)
        for line in _told(run, options["json"], options["show"]):
            self.stdout.write(line)
        if run.state == SyncRun.State.STOPPED:
            raise CommandError(run.message, returncode=STOPPED)
        if run.state != SyncRun.State.DONE:
            raise CommandError(run.message, returncode=FAILED)

    def _work(self, options: dict[str, Any]) -> SyncRun:
        with Bar() as bar:
            try:
                if options["undo"] is not None:
                    return _undo(options, bar.show)
                return _sync(options, bar.show)
            except REFUSALS as refusal:
                raise CommandError(str(refusal), returncode=FAILED) from None


def _sync(options: dict[str, Any], progress: Progress) -> SyncRun:
    confirms = actor = None
    if options["confirm"] is not None:
        if options["dry_run"]:
            raise CommandError("A dry run confirms nothing.", returncode=FAILED)
        confirms, actor = _decided("sync.confirmed", options["confirm"], options)
    mode = SyncRun.Mode.INCREMENTAL if options["incremental"] else SyncRun.Mode.FULL
    return sync.run(
        trigger=SyncRun.Trigger.SHELL, actor=actor, dry_run=options["dry_run"], mode=mode, confirms=confirms,
        reader=_file(options["ldif"], options["csv"]), progress=progress,
    )  # fmt: skip


def _undo(options: dict[str, Any], progress: Progress) -> SyncRun:
    run, actor = _decided("sync.undone", options["undo"], options)
    return undo.undo(run, trigger=SyncRun.Trigger.SHELL, actor=actor, progress=progress)


def _decided(action: str, pk: int, options: dict[str, Any]) -> tuple[SyncRun, User]:
    """The run that an admin decides about, and the admin; told to the audit trail."""
    actor = User.objects.filter(username=names.normalise(options["actor"] or "")).first()
    if actor is None or not actor.is_active or not actor.has_perm(OVERRULE):
        raise CommandError("Name the admin who decides: --actor NAME, of somebody with that right.", returncode=FAILED)
    run = SyncRun.objects.filter(pk=pk).first()
    if run is None:
        raise CommandError(f"There is no run {pk}.", returncode=FAILED)
    if action == "sync.confirmed" and (run.state != SyncRun.State.STOPPED or not run.plan_digest):
        raise CommandError("Only a run that a guard stopped has a plan to apply.", returncode=FAILED)
    run_decided.send(sender=SyncRun, action=action, run=run, actor=actor, reason=options["reason"])
    return run, actor


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError("must be a whole number")
    return int(text)


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


def _told(run: SyncRun, in_json: bool, show: int | None) -> Iterator[str]:
    if in_json:
        yield _as_json(run)
        yield from excerpt.as_json(run, show or 0)
        return
    yield f"Directory run {run.pk}{' (dry run)' if run.dry_run else ''}: {run.get_state_display()}"
    yield from (f"  {name}: {figure}" for name, figure in report.figures(run.counts))
    only_planned = run.dry_run or run.state == SyncRun.State.STOPPED
    if show or (show is None and only_planned):
        yield "What it would do:" if only_planned else "What it did:"
        yield from excerpt.text(run, SHOWN if show is None else show)


def _as_json(run: SyncRun) -> str:
    told = {
        "run": run.pk, "state": run.state, "mode": run.mode, "dry_run": run.dry_run, "counts": run.counts,
        "message": run.message,
    }  # fmt: skip
    return json.dumps(told, sort_keys=True)
