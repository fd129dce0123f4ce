"""To be run once after the database was restored from a backup, before people are let in again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mfa import restored

WORD = "restored"
LOOK_THROUGH = (
    "Nobody can tell what else changed since the backup: withdraw again the keys that were withdrawn, reset again the "
    "people who reported a phone lost or left, and look through rules and exemptions."
)


class Command(BaseCommand):
    help = (
        "After a restore from a backup: end what the older database may have brought back, such as sessions, unspent "
        "codes, unused approvals, unfinished acts on lists and waiting messages, and say how many of each. Everybody "
        "signs in again; confirmed factors stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--recovery-codes",
            action="store_true",
            help="delete recovery codes too: those spent since the backup are good again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"]:
            self._ask()
        counts = restored.end_all(lists=options["recovery_codes"], now=timezone.now())
        for one in restored.ENDS:
            self.stdout.write(f"{counts[one.name]} {one.words}")
        if not options["recovery_codes"]:
            self.stdout.write("Recovery codes that were spent since the backup are good again: see --recovery-codes.")
        self.stdout.write(LOOK_THROUGH)

    def _ask(self) -> None:
        self.stdout.write(f"Everybody will be signed out everywhere. Type {WORD!r} to go on: ", ending="")
        self.stdout.flush()
        try:
            typed = input()
        except EOFError:
            typed = ""
        if typed.strip() != WORD:
            raise CommandError("Nothing was changed.")
