"""Every cell of the tables in docs/security-roles.md, tried both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from pytest_django import Settings

from accounts.models import SyncChange, SyncProblem, SyncRun, User, WriteBack
from mfa import approvals, audit, codes, roles, rules
from mfa.desk import acts, bulk_outlook
from mfa.desk.asked import Order
from mfa.kinds import Purpose
from mfa.models import (
    Application,
    ApplicationKey,
    Approval,
    AuditEvent,
    AuthenticationRecord,
    BulkAct,
    BulkPerson,
    Delivery,
    Exemption,
    Factor,
    RememberRule,
    Rule,
)
from tests.mfa.doors import add_factor, give_role, read_back, sign_in
from tests.mfa.tokens.samples import csv
from tests.mfa.tokens.shelf import put

NUMBER = "+4917012345678"
DOCUMENT = Path(__file__).parents[2] / "docs" / "security-roles.md"
ACT = re.compile(r"/act/([a-z-]+)/")


def table(heading: str) -> list[list[str]]:
    """The cells of the table whose first column is called `heading`."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |")) + 2
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


ROLES = ("user", "helpdesk", "auditor", "admin")
CELLS = [
    (what, address, role, cell)
    for what, address, *cells in table("What")
    for role, cell in zip(ROLES, cells, strict=True)
]
WITH_NUMBERS = {what for what, _address, _role, cell in CELLS if cell == "masked"}


@pytest.fixture
def rows(make_user: Callable[..., User], settings: Settings) -> dict[str, int]:
    """One row of everything, each with a number in it, by the name it has in the table's addresses."""
    settings.PHONE_AUTHORITY, settings.LDAP_URL = "write_back", "ldaps://127.0.0.1:1"
    alice = make_user("alice", phone=NUMBER, phone_source="directory", directory_phone=NUMBER)
    add_factor(alice)
    run = SyncRun.objects.create(trigger="admin", state="done")
    SyncProblem.objects.create(run=run, user=alice, username="alice", value=NUMBER, reason="invalid", suggestion=NUMBER)
    delivery = Delivery.objects.create(user=alice, channel="sms", template="code", recipient=NUMBER, error=NUMBER)
    stopped = SyncRun.objects.create(trigger="admin", state="stopped", plan_digest="d", counts={"guard": "people_lost"})
    applied = SyncRun.objects.create(trigger="admin", state="done")
    SyncChange.objects.create(run=applied, user=alice, kind="updated", touches=",name,", old={"name": "A"})
    written = WriteBack.objects.create(user=alice, e164=NUMBER, expected=NUMBER, state="refused")
    now = timezone.now()
    group = Group.objects.create(name="finance")
    rule = Rule.objects.create(name="Finance", starts_on=timezone.localdate(), group=group)
    exemption = Exemption.objects.create(
        user=alice, owner=make_user("owner"), until=now + timedelta(days=9), created_at=now, reason="Test"
    )
    approval = Approval.objects.create(
        act="test", subject="test", words="A test", page="/admin/", right="mfa.change_policy", reason="Test",
        asked_by=make_user("asker"), asked_at=now, expires_at=now + approvals.LIFETIME,
    )  # fmt: skip
    listed = BulkAct.objects.create(
        act="require", right="mfa.change_policy", actor=approval.asked_by, state="stopped", total=1, asked_at=now
    )
    BulkPerson.objects.create(bulk=listed, user=alice, state="waiting")
    application = Application.objects.create(slug="vpn", name="VPN")
    key = ApplicationKey.objects.create(
        application=application, prefix="0", secret_hash="0", expires_at=now + timedelta(days=9)
    )
    held, _ = put("1000"), put("1001")
    Factor.objects.create(user=alice, kind="token", key=held.key, name="Token", confirmed=True)
    interval = IntervalSchedule.objects.create(every=7, period="minutes")
    crontab = CrontabSchedule.objects.create(hour="4")
    task = PeriodicTask.objects.create(name="A test", task="mfa.tasks.clean_up", interval=interval)
    attempt = AuthenticationRecord.objects.create(
        user=alice, username="alice", application="vpn", code=1, accepted=True
    )
    audit.record("session.ended", user=alice, actor=None)
    return {
        "alice": alice.pk, "run": run.pk, "delivery": delivery.pk, "stopped": stopped.pk, "applied": applied.pk,
        "written": written.pk, "approval": approval.pk, "listed": listed.pk, "rule": rule.pk, "exemption": exemption.pk,
        "interval": interval.pk, "crontab": crontab.pk, "task": task.pk, "attempt": attempt.pk,
        "event": AuditEvent.objects.latest("pk").pk, "held": held.pk, "application": application.pk, "key": key.pk,
        "remember": RememberRule.objects.create(name="Minute", scope="application", seconds=60).pk,
    }  # fmt: skip


@pytest.fixture
def enter(client: Client, make_user: Callable[..., User]) -> Callable[[str], User]:
    def as_role(role: str) -> User:
        user = make_user(f"the-{role}")
        if role != "user":
            user = give_role(user, role)
        sign_in(client, user, add_factor(user))
        return user

    return as_role


def ask(client: Client, address: str, rows: dict[str, int], people: int | None = None) -> Any:
    method, _, path = address.replace("`", "").partition(" ")
    path = path.format(**rows)
    if method == "GET":
        return client.get(path, secure=True)
    return client.post(path, filled(path, rows["alice"] if people is None else people), secure=True)


def filled(path: str, person: int) -> dict[str, Any]:
    """A form that is right for the address, so that only the role can refuse it."""
    if "/act/" in path or "/all/" in path:
        return {
            "seen": seen_of(path),
            "people": str(person),
            "reason": "Test",
            "identity": "in-person",
            "ticket": "INC-7",
            "kind": "totp",
            "role": "auditor",
            "serial": "1001",
            "number": "+4917011111111",
            "confirmation": "without-confirmation",
            "applications": "vpn",
            "hours": "8",
            "uses": "3",
            "until": timezone.localdate().isoformat(),
        }
    if path.endswith("/hardwaretoken/import/"):
        return {"file": SimpleUploadedFile("tokens.csv", csv("2001"))}
    if path.endswith("/interface/try/"):
        return {"verb": "verify", "key": "0.0", "username": "alice", "code": "123456"}
    if "/application/" in path:
        return {
            "name": "Office", "slug": "office", "mode": "code-only", "code_length": "6", "cool_down_hours": "0",
            "reason": "Test", "verbs": ["radius"], "networks": "192.0.2.1", "days": "30",
        }  # fmt: skip
    if "/rememberrule/" in path:
        return {"name": "Minute", "scope": "application", "seconds": "60", "active": "on", "reason": "Test"}
    if "/django_celery_beat/" in path:
        return {
            "every": "5", "period": "minutes", "minute": "7", "hour": "3", "day_of_week": "*", "day_of_month": "*",
            "month_of_year": "*", "timezone": "UTC", "name": "Another", "args": "[]", "kwargs": "{}", "post": "yes",
            "crontab": str(CrontabSchedule.objects.latest("pk").pk), "task": "accounts.tasks.sync_directory",
        }  # fmt: skip
    return {
        "username": "newcomer",
        "name": "New Comer",
        "email": "new@example.test",
        "dry_run": "yes",
        "reason": "Test",
        "seen": seen_of(path),
        "channel": "mail",
        "to": "somebody@example.test",
    }


def seen_of(path: str) -> str:
    """What the preview of a new rule, or of an act on the list that is alice alone, would have put into its form."""
    if "/all/" in path:
        order = Order(actor=User.objects.latest("pk"), reason="", now=timezone.now())
        return bulk_outlook.outlook(acts.BY_SLUG["unlock"], order, User.objects.filter(username="alice")).digest
    if not path.startswith("/admin/mfa/rule/preview/?"):
        return ""
    return rules.digest(None, Rule(name="All", starts_on=date(2026, 1, 1), grace_days=0))


def prepare(address: str, person: int) -> None:
    """The state in which the act makes sense."""
    if address.endswith("/activate/`"):
        Factor.objects.filter(user=person).delete()
        User.objects.filter(pk=person).update(phone="", phone_source="")
    if address.endswith("/end-temporary/`"):
        add_factor(User.objects.get(pk=person), kind="temporary", state={"left": 1, "applications": ["vpn"]})
    if address.endswith("/end-activation/`"):
        codes.issue(
            User.objects.get(pk=person), Purpose.ACTIVATE, length=12, lifetime=timedelta(hours=1), now=timezone.now()
        )
    if address.endswith("/reactivate/`"):
        User.objects.filter(pk=person).update(is_active=False)


def body(answer: Any) -> str:
    return b"".join(answer).decode() if answer.streaming else answer.content.decode()


@pytest.mark.row("A-8.1.1")
@pytest.mark.row("A-8.2.1")
@pytest.mark.row("A-8.2.3")
@pytest.mark.row("A-8.3.1")
@pytest.mark.parametrize("cell", ["no", "yes"])
@pytest.mark.parametrize("role", ROLES)
def test_the_table_of_rights_is_what_the_server_does(
    role: str, cell: str, client: Client, rows: dict[str, int], enter: Callable[[str], User]
) -> None:
    """All cells of a role together, each tried on the same rows and taken back."""
    agent = enter(role)
    wrong = {}
    for what, address, whose, expected in CELLS:
        if whose == role and (expected == "no") is (cell == "no"):
            with taken_back():
                wrong[what] = tried(what, address, expected, client, rows, agent)
    assert {what: complaint for what, complaint in wrong.items() if complaint} == {}


def tried(what: str, address: str, cell: str, client: Client, rows: dict[str, int], agent: User) -> str:
    """What is not as the cell says; nothing where all is."""
    read_back(agent, User.objects.get(pk=rows["alice"]))
    prepare(address, rows["alice"])
    before = AuditEvent.objects.count()
    answer = ask(client, address, rows)
    if cell == "no":
        other = "POST" if address.startswith("GET") else "GET"
        turned = ask(client, address.replace(address.split()[0], other, 1), rows)
        refused = answer.status_code == 403 and turned.status_code in (403, 405)
        return "" if refused and AuditEvent.objects.count() == before else f"{answer}, {turned}"
    if answer.status_code not in (200, 302):
        return str(answer)
    if address.startswith("POST"):
        return "" if AuditEvent.objects.count() > before else "what changes something is not audited"
    shown = NUMBER in body(answer)
    return "" if shown is (what in WITH_NUMBERS and cell == "yes") else f"number shown: {shown}"


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens in here has not happened, in the cache neither."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


@pytest.mark.row("A-8.2.3")
@pytest.mark.parametrize("role", ["helpdesk", "auditor"])
def test_masked_means_that_no_page_shows_more_than_the_end_of_a_number(
    role: str, client: Client, rows: dict[str, int], enter: Callable[[str], User]
) -> None:
    enter(role)
    for _what, address, this_role, cell in CELLS:
        if this_role == role and cell == "masked":
            seen = body(ask(client, address, rows))
            assert NUMBER not in seen
            assert NUMBER[3:] not in seen
            assert "78" in seen


@pytest.mark.row("T-60")
@pytest.mark.parametrize(("actor", "person", "allowed"), table("Actor"))
@pytest.mark.parametrize("slug", ["reset", "activate", "unlock"])
def test_who_may_touch_whom(
    actor: str, person: str, allowed: str, slug: str, client: Client, make_user: Callable[..., User]
) -> None:
    agent = held(make_user("agent"), actor)
    target = agent if person == "itself" else held(make_user("target"), person)
    sign_in(client, agent, add_factor(agent))
    if slug == "activate" and target != agent:
        Factor.objects.filter(user=target).delete()
    elif target != agent:
        add_factor(target)
    factors = Factor.objects.filter(user=target).count()
    read_back(agent, target)
    answer = client.post(f"/admin/accounts/user/act/{slug}/", filled("/act/", target.pk), secure=True)
    assert answer.status_code in (200, 302)
    done = AuditEvent.objects.filter(user=target).exists()
    assert done is (allowed == "yes")
    if allowed == "no":
        assert Factor.objects.filter(user=target).count() == factors


def held(user: User, role: str) -> User:
    if role == "superuser":
        User.objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True)
        return User.objects.get(pk=user.pk)
    return user if role in ("ordinary", "itself") else give_role(user, role)


@pytest.mark.django_db
@pytest.mark.parametrize("role", roles.RIGHTS)
def test_a_role_has_exactly_its_rights(role: str) -> None:
    roles.make(apps)
    group = Group.objects.get(name=role)
    assert {
        f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")
    } == set(roles.RIGHTS[role])


@pytest.mark.django_db
def test_making_the_roles_again_takes_away_what_was_added_by_hand() -> None:
    roles.make(apps)
    helpdesk, admin = Group.objects.get(name="helpdesk"), Group.objects.get(name="admin")
    helpdesk.permissions.add(*admin.permissions.all())
    roles.make(apps)
    assert helpdesk.permissions.count() == len(roles.RIGHTS["helpdesk"])


@pytest.mark.row("A-8.2.3")
def test_the_auditor_has_no_right_but_to_look() -> None:
    assert all(right.split(".")[1].startswith("view_") for right in roles.RIGHTS[roles.AUDITOR])
