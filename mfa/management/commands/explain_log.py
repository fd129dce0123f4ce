"""Reads a foreign RADIUS service's log and says in words how each request ended, and who was asked twice."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mfa.authlog import foreign, results
from mfa.authlog.encodings import lines_of
from mfa.authlog.foreign import Reading, Request


class Command(BaseCommand):
    help = "Explain a MultiFactorAuthRadiusSvc.log: each request in words, double prompts marked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--within", type=int, default=60, metavar="SECONDS", help="what counts as twice (60)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        reading = _reading(options["file"])
        if not reading.readable:
            raise CommandError("No line has the form time|level|process|thread|component|message.")
        within = timedelta(seconds=options["within"])
        doubles = foreign.mark_doubles(reading.requests, within=within, accepted=results.accepting())
        for request in reading.requests:
            line = Line(request)
            self.stdout.write(json.dumps(line.as_json()) if options["json"] else line.as_text())
        if not options["json"]:
            self.stdout.write(f"{len(reading.requests)} requests in {reading.lines} lines; {doubles} asked twice.")
            if reading.orphans:
                self.stdout.write(f"{reading.orphans} results without their call: lines before it are missing.")


def _reading(file: Path) -> Reading:
    try:
        with file.open("rb") as written:
            return foreign.read(lines_of(written))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None


@dataclass(frozen=True, slots=True)
class Line:
    """One request as it is printed."""

    request: Request

    @property
    def words(self) -> str:
        return "no result in this log" if self.request.result is None else results.meaning(self.request.result)

    def as_text(self) -> str:
        one = self.request
        at = one.at.isoformat(sep=" ", timespec="seconds") if one.at else "?"
        twice = (
            f"  ASKED TWICE: {one.seconds_since:.0f} s after the one before" if one.seconds_since is not None else ""
        )
        return f"{at}  {one.username!r}  {one.result if one.result is not None else '-'}  {self.words}{twice}"

    def as_json(self) -> dict[str, object]:
        one = self.request
        return {
            "line": one.line,
            "at": one.at.isoformat() if one.at else None,
            "username": one.username,
            "result": one.result,
            "meaning": self.words,
            "raw_status": one.raw,
            "asked_twice_after_seconds": one.seconds_since,
        }
