"""Every admin is locked out; the documented command at a shell lets one in again."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import limits
from mfa.models import AuditEvent, Factor, GuessCounter
from tests.mfa.doors import give_role
from tests.stories import acting
from tests.stories.authenticator import scan


@pytest.mark.row("T-13")
def test_all_admins_locked_one_command_and_in_again(client: Client, make_user: Callable[..., User]) -> None:
    admins = [give_role(make_user(name), "admin") for name in ("ada", "ben")]
    for admin in admins:
        acting.with_app(Client(SERVER_NAME="portal.test"), admin)
        counted = {"totp": [limits.ACCOUNT_CEILING, timezone.now().timestamp()]}
        GuessCounter.objects.update_or_create(subject=limits.of_account(admin), defaults={"failures": counted})
    Factor.objects.update(disabled_at=timezone.now())

    out = io.StringIO()
    call_command("breakglass", "ada", "--reason", "nobody can get in", stdout=out, stderr=io.StringIO())

    acting.give_password(client, "ada")
    assert client.get("/", secure=True).headers["location"] == "/activation/"
    assert client.post("/activation/", {"code": out.getvalue().strip()}, secure=True).headers["location"] == "/enrol/"
    page: Any = client.post("/totp/add/", {"name": "New phone"}, secure=True, follow=True)
    phone = scan(page)
    assert client.post("/totp/scan/", {"code": phone.code()}, secure=True).status_code == 302
    assert client.get("/admin/accounts/user/", secure=True).status_code == 200
    form = {"people": str(admins[1].pk), "reason": "after break-glass", "ticket": "T-1"}
    client.post("/admin/accounts/user/act/unlock/", form, secure=True)
    assert GuessCounter.objects.get(subject=limits.of_account(admins[1])).failures == {}
    assert AuditEvent.objects.filter(action="breakglass.used", username="ada").exists()
