"""What happens each night to people who left long ago, at a shell."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts import leavers


class Command(BaseCommand):
    help = (
        "Forget people who left the directory more than LEAVER_RETENTION_DAYS ago: factors, number, name and address "
        "are deleted, the audit trail stays. The same is done each night."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say how many, and forget nobody")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        tomorrow = leavers.due(at=now + timedelta(days=1)).count()
        if options["dry_run"]:
            self.stdout.write(f"{leavers.due(at=now).count()} people would be forgotten now, {tomorrow} by tomorrow.")
            return
        self.stdout.write(f"{leavers.forget(now=now)} people were forgotten.")
