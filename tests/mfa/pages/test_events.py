from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from mfa import audit
from mfa.models import Application, AuditEvent
from mfa.outcomes import OATH_INCORRECT
from mfa.pages import events
from mfa.verification import log
from tests.stories import acting

ABOUT_NOBODY = {
    "list.exported", "sync.requested", "sync.confirmed", "sync.undone", "sync.request-refused", "sync.confirm-refused",
    "sync.undo-refused", "schedule.changed", "application.key-issued",
    "application.key-revoked", "application.key-refused", "application.added",
    "application.unknown-key", "application.tested", "application.tried", "application.changed",
    "remember-rule.added", "remember-rule.changed", "remember-rule.forgotten",
    "token.found", "tokens.read", "tokens.imported",
    "rule.made", "rule.change", "rule.changed", "rule.end", "rule.ended", "rule.reminded", "delivery.tested",
    "messages.in-trouble", "keys.rotated", "restore.cleaned",
    "health.in-trouble", "health.look-asked", "helpdesk.stopped",
    "bulk.ordered", "bulk.started", "bulk.cancelled", "bulk.done", "bulk.stopped",
}  # fmt: skip
"""Acts on the portal, not on a person; nobody reads them in a history of their own."""


def actions_in_the_code() -> set[str]:
    """Every action that any module may write to the audit trail."""
    files = [path for app in ("accounts", "mfa") for path in (settings.BASE_DIR / Path(app)).rglob("*.py")]
    sources = [text for text in (path.read_text() for path in files) if "audit." in text]
    quoted = {found for text in sources for found in re.findall(r'"([a-z]+\.[a-z-]+)"', text)}
    return {action for action in quoted if not action.endswith((".html", ".txt", ".py", ".csv"))}


def test_every_act_on_a_person_has_words() -> None:
    assert actions_in_the_code() - set(events.WORDS) - ABOUT_NOBODY == set()


def test_changes_and_sign_ins_are_one_list_newest_first(client: Client, alice: User, now: datetime) -> None:
    log.write(alice, "alice", OATH_INCORRECT, application="portal", address="", now=now, kind="totp")
    audit.record("factor.added", user=alice, actor=alice, name="Phone")
    AuditEvent.objects.update(at=now + timedelta(minutes=1))
    shown = events.latest(alice)
    assert [event.title for event in shown] == ["Second factor added", "Sign-in refused"]
    assert "The code was wrong" in shown[1].text
    assert "OATH" not in shown[1].text


def test_an_application_is_called_what_people_call_it(alice: User, now: datetime) -> None:
    Application.objects.create(slug="vpn", name="Office VPN")
    log.write(alice, "alice", OATH_INCORRECT, application="vpn", address="", now=now, kind="totp")
    assert "· Office VPN ·" in events.latest(alice)[0].text


def test_the_history_is_paginated_and_costs_the_same_however_long_it_is(
    client: Client, alice: User, now: datetime, django_assert_max_num_queries: Any
) -> None:
    acting.with_app(client, alice)
    for minute in range(60):
        audit.record("factor.renamed", user=alice, actor=alice, name=f"name {minute}")
    with django_assert_max_num_queries(11):  # each request looks up whether its session was ended
        page = client.get("/history/", {"page": "2"}, secure=True)
    assert page.status_code == 200
    assert b"Previous" in page.content


@pytest.mark.row("A-3.2.1")
def test_a_name_with_markup_is_shown_as_text(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    audit.record("factor.added", user=alice, actor=alice, name="<img src=x onerror=alert(1)>")
    page = client.get("/history/", secure=True).content
    assert b"<img src=x" not in page
    assert b"&lt;img src=x" in page


@pytest.mark.row("A-8.2.2")
def test_nobody_sees_the_history_of_another(client: Client, alice: User, make_user: Callable[..., User]) -> None:
    acting.with_app(client, alice)
    audit.record("factor.added", user=make_user("bob"), actor=None, name="canary-of-bob")
    assert b"canary-of-bob" not in client.get("/history/", secure=True).content
