"""The second person where there is no second admin: whoever has the server approves what the only one asked for."""

from __future__ import annotations

import argparse

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from mfa import approvals, at_shell
from mfa.models import Approval


class Command(BaseCommand):
    help = "Approve what waits for a second person, where nobody else could; without a number, list what waits."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("number", metavar="NUMBER", type=int, nargs="?", help="of the approval, as the list has it")
        parser.add_argument("--reason", default="", help="why; kept in the audit trail (1 to 500 characters)")

    def handle(self, *args: object, number: int | None, reason: str, **options: object) -> None:
        if number is None:
            return self._list()
        reason = at_shell.reason(reason)
        try:
            row = approvals.approve_at_shell(number, operator=at_shell.operator(), reason=reason, now=timezone.now())
        except Approval.DoesNotExist:
            raise CommandError(f"There is no approval {number}. Nothing was changed.") from None
        except approvals.CannotDecide as refused:
            raise CommandError(f"{refused} Nothing was changed.") from None
        self.stderr.write(f"Approved: {row.words}")
        self.stderr.write(
            f"{row.asked_by.username} can do exactly this, once, until it expires. Admins are told by mail."
        )
        return None

    def _list(self) -> None:
        waiting = Approval.objects.filter(state=Approval.State.OPEN, expires_at__gt=timezone.now())
        for row in waiting.select_related("asked_by").order_by("pk"):
            can = "somebody else can decide" if approvals.deciders(row).exists() else "nobody else can decide"
            self.stdout.write(f"{row.pk}  {row.asked_by.username}: {row.words} ({can}; reason: {row.reason})")
