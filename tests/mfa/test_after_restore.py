from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from mfa import restored
from mfa.models import (
    Application,
    AuditEvent,
    Factor,
    OneTimeCode,
    OpenSession,
    Prompt,
    RadiusAnswer,
    Remembered,
    RememberRule,
)
from tests.stories import acting

pytestmark = pytest.mark.django_db


def clean(*arguments: str) -> str:
    out = io.StringIO()
    call_command("after_restore", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def person(client: Client, alice: User, now: datetime) -> acting.Person:
    """Somebody signed in, remembered by a gateway that asks, with a code on the way and a set of recovery codes."""
    person = acting.with_app(client, alice)
    vpn = Application.objects.create(slug="vpn", name="VPN")
    rule = RememberRule.objects.create(name="VPN", scope="user", seconds=3600)
    later = now + timedelta(hours=1)
    Remembered.objects.create(rule=rule, user=alice, kind="totp", epoch=0, until=later)
    Prompt.objects.create(application=vpn, user=alice, epoch=0, expires_at=later)
    OneTimeCode.objects.create(user=alice, purpose="sign-in", code_hash="x", expires_at=later)
    RadiusAnswer.objects.create(request="r" * 64, status=200)
    Factor.objects.create(user=alice, kind="recovery", confirmed=True)
    return person


@pytest.mark.row("F-10")
def test_everything_that_an_older_database_brings_back_ends(person: acting.Person) -> None:
    epoch = User.objects.get(pk=person.user.pk).security_epoch
    assert person.client.get("/", secure=True).status_code == 200
    told = clean("--yes")
    assert "1 remembered verifications forgotten" in told
    assert not any(model._base_manager.exists() for model in (Session, OpenSession, Remembered, Prompt, RadiusAnswer))
    assert person.client.get("/", secure=True).status_code == 302
    assert not OneTimeCode.objects.filter(ending=OneTimeCode.Ending.LIVE).exists()
    assert User.objects.get(pk=person.user.pk).security_epoch > epoch
    event = AuditEvent.objects.get(action="restore.cleaned")
    assert event.details["codes"] == 1
    assert Factor.objects.filter(user=person.user).count() == 2


@pytest.mark.row("F-10")
def test_recovery_codes_go_where_that_is_asked_for(person: acting.Person) -> None:
    assert "1 sets of recovery codes deleted" in clean("--yes", "--recovery-codes")
    assert list(Factor.objects.filter(user=person.user).values_list("kind", flat=True)) == ["totp"]


def test_without_the_word_nothing_is_changed(person: acting.Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda: "yes")
    with pytest.raises(CommandError, match="Nothing was changed"):
        clean()
    assert person.client.get("/", secure=True).status_code == 200
    monkeypatch.setattr("builtins.input", lambda: "restored")
    clean()
    assert person.client.get("/", secure=True).status_code == 302


def test_it_costs_the_same_for_many_people(
    make_user: Callable[..., User], now: datetime, django_assert_max_num_queries: Any
) -> None:
    User.objects.bulk_create(User(username=f"p{number}", password="!") for number in range(50))
    Factor.objects.bulk_create(Factor(user=user, kind="recovery") for user in User.objects.all())
    with django_assert_max_num_queries(14):
        restored.end_all(lists=True, now=now)
