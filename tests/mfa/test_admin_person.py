"""The page of one person in the admin says what that person reads on the own pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from mfa import audit, limits
from mfa.models import Application, Factor, GuessCounter
from mfa.outcomes import OATH_INCORRECT
from mfa.verification import log
from tests.mfa.doors import add_factor


def seen(client: Client, person: User) -> str:
    return " ".join(client.get(f"/admin/accounts/user/{person.pk}/change/", secure=True).content.decode().split())


def test_helpdesk_reads_what_protects_a_person_what_is_missing_and_what_it_is_good_for(
    staff: Callable[..., Client], alice: User
) -> None:
    client = staff("helpdesk")
    assert "Only your password protects your account" in seen(client, alice)
    add_factor(alice)
    page = seen(client, alice)
    assert "Your account is protected. One thing is missing." in page
    assert "Make yourself a way back in" in page
    assert "Ready for:" in page
    assert 'href="/recovery' not in page, "the steps are the person's own"


def test_helpdesk_reads_what_failed_last_with_its_mend_and_by_the_names_that_people_know(
    staff: Callable[..., Client], alice: User
) -> None:
    Application.objects.create(slug="vpn-gw1", name="Office VPN")
    add_factor(alice)
    Factor.objects.filter(user=alice).update(last_used_for="vpn-gw1")
    client = staff("helpdesk")
    assert "What failed last" not in seen(client, alice)
    audit.record("factor.added", user=alice, actor=alice, name="Phone")
    log.write(alice, "alice", OATH_INCORRECT, application="vpn-gw1", address="", now=timezone.now(), kind="totp")
    page = seen(client, alice)
    failed = page[page.index("What failed last") : page.index('id="account"')]
    assert "The code was wrong" in failed
    assert "Office VPN" in failed
    assert f"/admin/accounts/user/{alice.pk}/why/" in failed
    assert "Second factor added · Phone" in page
    assert page.count("Office VPN") >= 3, "the failure, the factor's last use, the list of sign-ins"
    for raw in ("vpn-gw1", "factor.added", "OATH"):
        assert raw not in page


def test_what_is_wrong_has_the_act_that_mends_it_beside_it_for_whoever_may(
    staff: Callable[..., Client], alice: User
) -> None:
    failures = {"totp": [limits.ACCOUNT_CEILING, timezone.now().timestamp()]}
    GuessCounter.objects.create(subject=limits.of_account(alice), failures=failures)
    for role, may in (("helpdesk", True), ("auditor", False)):
        page = seen(staff(role), alice)
        callout = page[page.index("Locked after too many wrong codes") : page.index("In the words that")]
        assert (f'/unlock/?people={alice.pk}"' in callout) is may, role


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"kind": "temporary", "state": {"left": 0, "applications": ["vpn"]}}, "used up"),
        ({"kind": "recovery", "state": {"left": 0}}, "used up"),
        ({"kind": "temporary", "state": {"left": 2}, "expires_at": datetime(2026, 1, 1, tzinfo=UTC)}, "expired"),
        ({"kind": "email", "state": {"address": "old@example.test"}}, "its address has changed"),
    ],
)
def test_why_a_factor_does_not_work_stands_beside_it(
    staff: Callable[..., Client], alice: User, columns: dict[str, Any], words: str
) -> None:
    add_factor(alice, **columns)
    page = seen(staff("helpdesk"), alice)
    assert words in page
    assert "waits for its first code" not in page


def statements(client: Client, path: str) -> int:
    """Of the second visit: what admins configured is read once for a process."""
    client.get(path, secure=True)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path, secure=True).status_code == 200
    return sum("SAVEPOINT" not in query["sql"] for query in seen)


def test_the_page_of_a_person_and_the_own_first_page_ask_for_nothing_twice(
    staff: Callable[..., Client], alice: User, now: datetime
) -> None:
    client = staff("admin")
    me = User.objects.get(username="admin-person")
    Application.objects.create(slug="vpn", name="VPN")
    for one in (alice, me):
        User.objects.filter(pk=one.pk).update(directory_id="id-" + one.username)
        add_factor(one, last_used_for="vpn")
        add_factor(one, kind="recovery", state={"left": 9})
        log.write(one, one.username, OATH_INCORRECT, application="vpn", address="", now=now, kind="totp")
        audit.record("factor.added", user=one, actor=one, name="Phone")
    page = f"/admin/accounts/user/{alice.pk}/change/"
    assert statements(client, page) <= 25
    assert statements(client, "/") <= 18
