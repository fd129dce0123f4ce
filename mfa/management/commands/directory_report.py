"""What the portal cannot use in the directory, as files for whoever corrects it there."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import spreadsheet
from accounts.directory import corrections, report
from mfa import audit


class Command(BaseCommand):
    help = (
        "Write the values that the last directory runs could not use: as a table with reasons and suggestions, and as "
        "LDIF that ldapmodify accepts. The files are for their owner's eyes only (mode 600)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--problems", type=Path, metavar="FILE.csv", help="all of them, as a table")
        parser.add_argument("--corrections", type=Path, metavar="FILE.ldif", help="those with a suggestion, as changes")

    def handle(self, *args: Any, **options: Any) -> None:
        found = report.open_problems()
        if options["problems"]:
            rows = found.select_related("run").order_by("username", "pk").iterator(chunk_size=1000)
            _write(options["problems"], spreadsheet.lines(report.HEAD, map(report.row, rows)))
        if options["corrections"]:
            _write(options["corrections"], corrections.lines(found))
        suggested = found.exclude(suggestion="").count()
        self.stdout.write(f"{found.count()} values cannot be used; {suggested} have a suggestion.")


def _write(path: Path, lines: Iterable[str]) -> None:
    audit.record("list.exported", user=None, actor=None, reason="at the shell", list=path.name)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.writelines(lines)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
