"""People whose mailbox is confirmed, without the pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from mfa.factors.email import flows
from mfa.models import Application, Factor
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import code_to


def vpn(*kinds: str) -> Application:
    """An application that lists these kinds; codes by mail where none is named."""
    return Application.objects.create(slug="vpn", name="VPN", kinds=list(kinds) or ["email"])


def confirm(user: User, *, now: datetime) -> Factor:
    """Set codes by mail up as the pages do, a quarter of an hour ago, beside an app where the person has none."""
    if not Factor.objects.filter(user=user, kind="totp").exists():
        add_factor(user)
    earlier = now - timedelta(minutes=15)
    token, _ = flows.begin(user, now=earlier)
    factor = flows.confirm(user, token, code_to(user.email), actor=user, now=earlier)
    user.refresh_from_db()
    return factor
