"""The way in when nobody can get in: reset and unlock one person from a shell, and print a new activation code once."""

from __future__ import annotations

import argparse
from datetime import datetime

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import names
from accounts.models import User
from mfa import activation, at_shell, audit, enrolment, holdings, kinds
from mfa.models import Factor


class Command(BaseCommand):
    help = "Take the second factors of one person away, unlock the account, and print an activation code once."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username", metavar="USER")
        parser.add_argument("--reason", required=True, help="why; kept in the audit trail (1 to 500 characters)")
        parser.add_argument("--kind", default="", help="only factors of this kind, such as totp; default: all")

    def handle(self, *args: object, username: str, reason: str, kind: str, **options: object) -> None:
        reason = at_shell.reason(reason)
        user = _person(username)
        _check_kind(user, kind)
        now = timezone.now()
        code = _open(user, reason, kind, now)
        self.stderr.write(f"{user.username}: reset and unlocked; the person is told. This is in the audit trail.")
        if code:
            self.stderr.write("Sign in with the password, then type this code once, within 24 hours:")
            self.stdout.write(activation.grouped(code))
        else:
            self.stderr.write("No activation code is needed: another factor still works.")


@transaction.atomic
def _open(user: User, reason: str, kind: str, now: datetime) -> str:
    """The activation code; empty where the person still has a factor that works."""
    enrolment.unlock(user, actor=None, reason=reason, now=now)
    enrolment.reset(user, actor=None, reason=reason, now=now, kind=kind)
    audit.record("breakglass.used", user=user, actor=None, reason=reason, kind=kind or "all", **at_shell.operator())
    if holdings.opening(user, now=now):
        return ""
    shown = activation.HandOver.SHOWN
    return activation.issue(user, actor=None, reason=reason, now=now, by=shown, **at_shell.operator()).code


def _person(username: str) -> User:
    user = User.objects.filter(username=names.normalise(username)).first()
    if user is None:
        raise CommandError(f"There is nobody with the user name {username!r}. Nothing was changed.")
    if not user.is_active:
        raise CommandError(f"{user.username} is deactivated and cannot sign in at all. Nothing was changed.")
    return user


def _check_kind(user: User, kind: str) -> None:
    if not kind:
        return
    known = [slug for slug, one in kinds.registry().items() if one.signs_in]
    if kind not in known:
        raise CommandError(f"--kind must be one of {', '.join(known)}. Nothing was changed.")
    if not Factor.objects.filter(user=user, kind=kind).exists() and not kinds.kind(kind).implied(user):
        raise CommandError(f"{user.username} has no factor of the kind {kind}. Nothing was changed.")
