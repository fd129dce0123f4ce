"""Brings every secret under the first key of MFA_ENCRYPTION_KEYS, beside the running portal."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from mfa import audit, rotation
from mfa.rotation import Rotation

NAMED = 20


class Command(BaseCommand):
    help = (
        "Encrypt every secret anew under the first key of MFA_ENCRYPTION_KEYS. May be interrupted and run again. Ends "
        "with 1 when some cannot be decrypted: their rows are named, and the older keys must stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="say what was done as one JSON object")
        parser.add_argument("--count", action="store_true", help="only say how many are under each key")

    def handle(self, *args: Any, **options: Any) -> None:
        done = Rotation() if options["count"] else self._rotate()
        keys = rotation.under_each_key()
        if options["json"]:
            self.stdout.write(json.dumps(_report(done, keys), sort_keys=True))
        else:
            self._tell(done, keys)
        if any(done.unreadable.values()):
            raise CommandError("Some cannot be decrypted. Put the key they need back into the ring, and run again.")

    def _rotate(self) -> Rotation:
        with tqdm(disable=None, unit=" secrets", leave=False, total=rotation.left_behind()) as bar:
            done = rotation.run(lambda settled: bar.update(settled))
        counts = dict(done.rotated)
        failed = {column: len(keys) for column, keys in done.unreadable.items() if keys}
        audit.record(
            "keys.rotated", user=None, actor=None, key=rotation.writing_key(), rotated=counts, unreadable=failed
        )
        return done

    def _tell(self, done: Rotation, keys: dict[str, dict[str, int]]) -> None:
        for column, counts in keys.items():
            self.stdout.write(f"{column}: {done.rotated[column]} encrypted anew")
            for key_id, count in sorted(counts.items()):
                self.stdout.write(f"  under {key_id or 'no key'}: {count}")
            failed = done.unreadable.get(column, [])
            if failed:
                named = ", ".join(map(str, failed[:NAMED])) + (", ..." if len(failed) > NAMED else "")
                self.stdout.write(f"  cannot be decrypted: {len(failed)} (ids {named})")


def _report(done: Rotation, keys: dict[str, dict[str, int]]) -> dict[str, object]:
    return {
        "key": rotation.writing_key(),
        "under": keys,
        "rotated": dict(done.rotated),
        "unreadable": {column: failed for column, failed in done.unreadable.items() if failed},
    }
