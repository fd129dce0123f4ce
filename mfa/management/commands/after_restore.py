"""To be run once after the database was restored from a backup, before people are let in again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mfa import restored

WORD = "restored"
WORDS = {
    "people": "people whose sessions and memories of before are void",
    "open_sessions": "open sessions ended",
    "sessions": "rows of sessions deleted",
    "remembered": "remembered verifications forgotten",
    "prompts": "open prompts of applications ended",
    "codes": "unspent one-time codes and links ended",
    "radius_answers": "answers kept for RADIUS deleted",
    "lists": "sets of recovery codes deleted",
}


class Command(BaseCommand):
    help = (
        "After a restore from a backup: end every session, remembered verification, open prompt, unspent one-time code "
        "and kept RADIUS answer. Everybody signs in again; factors stay."
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
        for name, words in WORDS.items():
            self.stdout.write(f"{counts[name]} {words}")
        if not options["recovery_codes"]:
            self.stdout.write("Recovery codes that were spent since the backup are good again: see --recovery-codes.")

    def _ask(self) -> None:
        self.stdout.write(f"Everybody will be signed out everywhere. Type {WORD!r} to go on: ", ending="")
        self.stdout.flush()
        try:
            typed = input()
        except EOFError:
            typed = ""
        if typed.strip() != WORD:
            raise CommandError("Nothing was changed.")
