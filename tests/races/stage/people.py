"""People with what they have, as a race needs them beforehand."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import activation, enrolment, policy, temporary
from mfa.delivery import outbox
from mfa.factors.email import flows as email
from mfa.factors.motp import flows as motp
from mfa.factors.motp.algorithm import Motp
from mfa.factors.recovery import flows as recovery
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from mfa.models import HardwareToken, Rule
from mfa.tokens import stock
from tests.mfa.doors import give_role
from tests.races.stage.applications import make_vpn

PASSWORD = "correct horse battery staple"


def make_person(username: str, *, apps: int = 1, codes: bool = False, required: bool = False) -> dict[str, Any]:
    """A person with apps (pk and secret of each) and recovery codes, all set up some minutes ago."""
    user = User.objects.create_user(username, PASSWORD, email=f"{username}@example.test")
    earlier = timezone.now() - timedelta(minutes=5)
    made = []
    for _ in range(apps):
        factor = totp.begin(user, name=enrolment.free_name(user, "totp"), now=earlier)
        token = token_of(factor)
        totp.confirm(user, factor.pk, token.code(token.step_at(earlier)), now=earlier)
        made.append({"pk": factor.pk, "secret": base64.b32encode(token.secret).decode()})
    if required:
        policy.require(user, True, actor=None, reason="race")
    return {"pk": user.pk, "apps": made, "codes": _make_codes(user) if codes else []}


def _make_codes(user: User) -> list[str]:
    waiting = recovery.begin(user, now=timezone.now())
    shown = recovery.shown(waiting)
    recovery.confirm(user, waiting.pk, shown[0], now=timezone.now())
    return shown


def give_the_role(username: str, role: str) -> None:
    give_role(User.objects.get(username=username), role)


def give_phone(username: str, number: str) -> None:
    users.set_phone(
        User.objects.get(username=username), number, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=None
    )


def give_mailbox(username: str) -> None:
    """An app, codes by mail, and a VPN that takes them."""
    user = User.objects.get(username=username)
    make_vpn()
    earlier = timezone.now() - timedelta(minutes=5)
    token, delivery = email.begin(user, now=earlier)
    email.confirm(user, token, outbox.read(delivery).rpartition("#")[2], actor=user, now=earlier)


def give_activation(username: str) -> str:
    """An activation code that waits."""
    user = User.objects.get(username=username)
    return activation.issue(user, actor=None, reason="race", now=timezone.now()).code


def give_motp(username: str, secret: str, pin: str) -> int:
    """An mOTP app that was set up some minutes ago; its pk."""
    user = User.objects.get(username=username)
    earlier = timezone.now() - timedelta(minutes=5)
    app = Motp(secret, pin)
    waiting = motp.begin(user, app, name="Router", shown=True, now=earlier)
    motp.confirm(user, waiting.pk, app.code(app.step_at(earlier)), now=earlier)
    return int(waiting.pk)


def give_token(username: str, serial: str, secret: str) -> None:
    """A hardware token by button with this secret (hex), in somebody's hand."""
    put_token(serial, secret)
    user = User.objects.get(username=username)
    stock.assign(user, serial, actor=user, reason="race", now=timezone.now())


def put_token(serial: str, secret: str) -> None:
    """A hardware token by button with this secret (hex), in stock."""
    token = HardwareToken(serial=serial, method="hotp", algorithm="SHA1", digits=6, state={"counter": 0})
    token.seal(bytes.fromhex(secret))
    token.save()


def lend_code(username: str, uses: int) -> str:
    """A temporary access code for the VPN."""
    make_vpn()
    user = User.objects.get(username=username)
    terms = temporary.Terms(hours=1, uses=uses, applications=("vpn",))
    return temporary.issue(user, terms, actor=user, reason="race", now=timezone.now())


def rule_for(people: list[int]) -> int:
    """A rule for a new group of these people."""
    group = Group.objects.create(name=f"of-{people[0]}-{Group.objects.count()}")
    group.user_set.set(people)
    return Rule.objects.create(name=group.name, group=group, starts_on=timezone.localdate(), grace_days=9).pk
