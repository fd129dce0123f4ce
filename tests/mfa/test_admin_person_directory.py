"""What the page of a person tells of the directory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts import users
from accounts.models import PhoneSource, SyncRun, User, WriteBack
from tests.accounts.directory.places import Given, run
from tests.accounts.directory.samples import ALICE, BOB, MOBILE, OTHER, THIRD, entry

Staff = Callable[..., Client]
CROWD = [entry(f"c{n:05d}", f"person{n:05d}") for n in range(20)]


def page(client: Client, directory_id: str = ALICE) -> str:
    person = User.objects.get(directory_id=directory_id)
    return client.get(f"/admin/accounts/user/{person.pk}/change/", secure=True).content.decode()


@pytest.fixture
def rests(db: None) -> User:
    """Alice confirmed her number, and the directory has another one since."""
    run(Given([entry(ALICE, "alice", "0170 1234567"), *CROWD]))
    alice = User.objects.get(directory_id=ALICE)
    users.set_phone(alice, MOBILE, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=alice)
    run(Given([entry(ALICE, "alice", OTHER), *CROWD]))
    return alice


def test_entry_number_rule_rest_and_runs_are_told_with_links(staff: Staff, rests: User) -> None:
    seen = page(staff("admin"))
    first, second = SyncRun.objects.order_by("pk")
    for words in (ALICE, OTHER, "country found by: international", "counts from", "created", "number at rest"):
        assert words in seen
    assert "uid=alice,<wbr>ou=people,<wbr>dc=example,<wbr>dc=test" in seen
    assert f"/admin/accounts/syncrun/{second.pk}/change/?view=all&amp;q=alice" in seen
    assert f"/admin/accounts/syncrun/{first.pk}/change/?view=all&amp;q=alice" in seen
    assert f'<a href="/admin/accounts/syncrun/{second.pk}/change/">' in seen, "last seen"


@pytest.mark.row("A-8.2.3")
def test_helpdesk_sees_numbers_masked_and_no_links_to_what_it_may_not_open(staff: Staff, rests: User) -> None:
    run(Given([entry(ALICE, "alice", "0170 999999999999"), *CROWD]))
    seen = page(staff("helpdesk"))
    assert "+49 *** **67" in seen
    for hidden in (OTHER, MOBILE, "999999999999", "/admin/accounts/syncrun/", "/admin/accounts/syncproblem/"):
        assert hidden not in seen
    assert "**** **********99" in seen


def test_what_is_unusable_is_told_with_reason_and_suggestion_until_it_is_corrected(staff: Staff, rests: User) -> None:
    run(Given([entry(ALICE, "alice", "0170 1234567 ext. 5"), entry(BOB, "bob", "030 1234567"), *CROWD]))
    client = staff("admin")
    seen = page(client)
    for words in ("0170 1234567 ext. 5", "extension", "none that can be used", "?q=alice"):
        assert words in seen
    assert "030 1234567" not in seen
    run(Given([entry(ALICE, "alice", THIRD), entry(BOB, "bob", "030 1234567"), *CROWD]))
    assert "Cannot be used" not in page(client)


def test_dry_runs_changed_nobody_and_who_left_is_seen_no_more(staff: Staff, rests: User) -> None:
    run(Given([entry(ALICE, "alicia", OTHER), *CROWD]), dry_run=True)
    client = staff("admin")
    assert f"/syncrun/{SyncRun.objects.latest('pk').pk}/" not in page(client)
    run(Given([*CROWD]))
    seen = page(client)
    assert "not any more" in seen
    assert "gone since" in seen


def test_what_became_of_a_number_written_back_is_told(staff: Staff, rests: User, settings: Settings) -> None:
    settings.PHONE_AUTHORITY, settings.LDAP_URL = "write_back", "ldaps://127.0.0.1:1"
    WriteBack.objects.create(user=rests, e164=MOBILE, state="refused", answer=f"value {MOBILE} is not allowed")
    assert f"value {MOBILE} is not allowed" in page(staff("admin"))
    masked = page(staff("auditor"))
    assert MOBILE not in masked
    assert "is not allowed" in masked


def test_a_local_account_has_no_such_part(staff: Staff, alice: User) -> None:
    seen = staff("admin").get(f"/admin/accounts/user/{alice.pk}/change/", secure=True).content.decode()
    assert 'id="directory"' not in seen


def test_many_runs_cost_no_more_queries(staff: Staff, rests: User) -> None:
    client = staff("admin")
    page(client)
    with CaptureQueriesContext(connection) as few:
        page(client)
    for number in range(6):
        run(Given([entry(ALICE, f"alice{number}", "no number"), *CROWD]), now=lambda: timezone.now() + timedelta(1))
    with CaptureQueriesContext(connection) as many:
        page(client)
    assert len(many) <= len(few)
