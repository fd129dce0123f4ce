from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import approvals, enrolment, holdings, restored, temporary
from mfa.delivery import claims, outbox
from mfa.factors.totp import flows as totp
from mfa.kinds import Answer, Purpose
from mfa.models import (
    Application,
    Approval,
    AuditEvent,
    BulkAct,
    Factor,
    OneTimeCode,
    OpenSession,
    Prompt,
    RadiusAnswer,
    Remembered,
    RememberRule,
    TokenBatch,
)
from mfa.verification import callers
from mfa.verification.service import Attempt, verify
from tests.mfa.doors import give_role, read_back
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


@pytest.mark.row("F-10")
def test_every_table_is_judged_whether_it_holds_what_must_end() -> None:
    """A new one makes this fail until `restored` says so of it."""
    ours = {model for app in ("accounts", "mfa") for model in apps.get_app_config(app).get_models()}
    ends = {one.model for one in restored.ENDS}
    assert ends | set(restored.STAYS) == ours | {Session}
    assert not ends & set(restored.STAYS)


@pytest.mark.row("F-10")
def test_what_was_lent_checked_approved_or_begun_ends_too(alice: User, make_user: Callable[..., User]) -> None:
    now = timezone.now()
    agent = give_role(make_user("hanna"), "helpdesk")
    Application.objects.create(slug="vpn", name="VPN", mode="code-only")
    terms = temporary.Terms(hours=8, uses=5, applications=("vpn",))
    code = temporary.issue(alice, terms, actor=agent, reason="r", now=now)
    read_back(agent, alice)
    matter = approvals.Matter("reset", "s" * 64, "Reset", "/", "accounts.reset_factors", alice)
    approval = approvals.ask(matter, actor=agent, reason="r", now=now)
    Approval.objects.filter(pk=approval.pk).update(state="approved", decided_by=make_user("second"))
    waiting = totp.begin(alice, name="App", now=now, replaces=None)
    TokenBatch.objects.create(name="f", expires_at=now + timedelta(hours=1), content="x")
    message = outbox.queue_mail(alice, alice.email, "code", {"code": "123456", "minutes": 5}, now=now, worth_until=None)
    bulk = BulkAct.objects.create(act="reset", actor=agent, reason="r", state="queued", total=1, asked_at=now)

    restored.end_all(lists=False, now=now)

    vpn = Attempt(alice, Answer(code, Purpose.APPLICATION), "vpn", "192.0.2.7")
    assert not verify(vpn, now=now).accepted
    assert callers.passed(alice, "reset", actor=agent, now=now) is None
    with pytest.raises(approvals.NotApproved):
        approvals.spend(matter, actor=agent, now=now)
    assert not Factor.objects.filter(pk=waiting.pk).exists()
    assert not TokenBatch.objects.exists()
    assert BulkAct.objects.get(pk=bulk.pk).state == "cancelled"
    message.refresh_from_db()
    assert (message.state, message.body) == ("uncertain", "")
    assert claims.take(message.pk, now=now) is None


@pytest.mark.row("F-10")
def test_a_factor_that_a_reset_holds_down_stays_down(make_user: Callable[..., User], now: datetime) -> None:
    bob = make_user("bob", phone="+4917012345678", phone_source="directory")
    enrolment.reset(bob, actor=None, reason="r", now=now)
    restored.end_all(lists=True, now=now)
    assert holdings.usable(bob, now=now) == []


@pytest.mark.row("F-10")
def test_a_number_at_rest_does_not_come_into_force_without_the_link_that_refuses_it(
    make_user: Callable[..., User], now: datetime
) -> None:
    soon = now + timedelta(hours=1)
    make_user("bob", phone="+4917012345678", phone_next="+4915112345678", phone_next_at=soon, directory_fingerprint="f")
    restored.end_all(lists=False, now=now)
    bob = User.objects.get(username="bob")
    assert (bob.resting_phone, bob.phone, bob.directory_fingerprint) == ("", "+4917012345678", "")


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
    with django_assert_max_num_queries(24):
        restored.end_all(lists=True, now=now)
