"""What makes the sample pages worth a look: an application, some days of sign-ins there, and a rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from demo import passwords

if TYPE_CHECKING:
    from accounts.models import User

VPN = "vpn"
KEY = "key of the sample VPN"
ACCEPTED = ("totp", "token", "sms", "email", "recovery", "motp", "temporary")


@transaction.atomic
def load(*, now: datetime) -> None:
    """Fill a fresh database in which the sample accounts are. Where there is any application, nothing is done."""
    from accounts.models import User  # models exist after django.setup() only
    from mfa.models import Application

    if Application.objects.exists():
        return
    people = {one.username: one for one in User.objects.filter(username__in=("admin", "alice", "carol"))}
    _open_vpn(people["admin"], now)
    _sign_in_for_days(people["alice"], people["carol"], now)
    _announce_rule(list(people.values()), now)


def _open_vpn(admin: User, now: datetime) -> None:
    """The application, with a key that only this machine may use; its text lies with the sample passwords."""
    from mfa.api import clients
    from mfa.models import Application

    kinds = [slug for slug in ACCEPTED if slug in settings.MFA_FACTORS]
    vpn = Application.objects.create(slug=VPN, name="Sample VPN", kinds=kinds)
    text = clients.issue(
        vpn, verbs=list(clients.Verb), networks=["127.0.0.1/32", "::1/128"], expires_at=now + timedelta(days=90),
        actor=admin, reason="sample application", now=now,
    )  # fmt: skip
    passwords.keep(KEY, text)


def _sign_in_for_days(alice: User, carol: User, now: datetime) -> None:
    """Two people at the VPN's gateways, oldest first: mostly right, with the mistakes that people make."""
    from mfa import outcomes
    from mfa.verification import log

    right = outcomes.OATH_VERIFIED
    app = (right, right, right, outcomes.OATH_INCORRECT, right, right, outcomes.OATH_DUPLICATE)
    sms = (outcomes.SMS_VERIFIED, outcomes.SMS_VERIFIED, outcomes.SMS_INCORRECT)
    for number in range(20, 0, -1):
        who, kind, results = (carol, "sms", sms) if number % 4 == 2 else (alice, "totp", app)
        log.write(
            who, who.username, results[number % len(results)], application=VPN, gateway=f"vpn-{number % 2 + 1}",
            address="198.51.100.7" if number % 7 else "203.0.113.20", kind=kind, now=now - timedelta(hours=7 * number),
            seconds=0.02,
        )  # fmt: skip


def _announce_rule(people: list[User], now: datetime) -> None:
    """A rule whose days of grace run, so that the page of a person concerned says what is asked and until when."""
    from mfa.models import Rule

    group = Group.objects.create(name="vpn-users")
    group.user_set.add(*people)
    Rule.objects.create(
        name="VPN users keep recovery codes", group=group, starts_on=timezone.localdate(now), grace_days=21,
        factors=1, backup=True,
    )  # fmt: skip
