"""The list of what is unusable in the directory, and its downloads."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from accounts.directory.entries import Flaw
from accounts.models import SyncProblem, SyncRun, User
from mfa.models import AuditEvent

LIST = "/admin/accounts/syncproblem/"
NUMBER = "+491701234504"
WRITTEN = "0170 1234504 ext. 12"


@pytest.fixture
def run(db: None) -> SyncRun:
    return SyncRun.objects.create(trigger="schedule", state="done")


@pytest.fixture
def some(run: SyncRun, alice: User) -> list[SyncProblem]:
    made = [
        SyncProblem(
            run=run, user=alice, username="alice", dn="uid=alice,dc=x", attribute="mobile", reason="extension",
            value=WRITTEN, exact=WRITTEN, suggestion=NUMBER, rule="default region (DE)",
        ),
        SyncProblem(run=run, username="=cmd|x", dn="uid=odd,dc=x", attribute="uid", reason=Flaw.DUPLICATE_USERNAME),
        SyncProblem(run=run, username="mended", reason="too_short", is_open=False),
    ]  # fmt: skip
    return SyncProblem.objects.bulk_create(made)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return b"".join(answer).decode() if answer.streaming else answer.content.decode()


def test_the_list_shows_what_is_open_with_reason_suggestion_and_rule(
    staff: Callable[..., Client], some: list[SyncProblem]
) -> None:
    page = text_of(staff("admin").get(LIST, secure=True))
    for shown in ("0170 1234504 ext. 12", NUMBER, "default region (DE)", escape(Flaw.DUPLICATE_USERNAME.words)):
        assert shown in page
    assert "mended" not in page


@pytest.mark.parametrize(("query", "count"), [
    ("", 2), ("reason=extension", 1), ("attribute=uid", 1), ("reason=too_short", 0), ("q=uid=odd", 1), ("q=alice", 1),
])  # fmt: skip
def test_filters_and_search_narrow_list_and_downloads_alike(
    staff: Callable[..., Client], some: list[SyncProblem], query: str, count: int
) -> None:
    client = staff("admin")
    page = text_of(client.get(f"{LIST}?{query}", secure=True))
    assert page.count('class="field-person') == count
    rows = list(csv.reader(io.StringIO(text_of(client.post(f"{LIST}export/?{query}", secure=True)))))
    assert len(rows) == 1 + count


@pytest.mark.row("A-8.2.3")
def test_whoever_may_not_see_numbers_can_neither_read_nor_search_nor_load_them(
    staff: Callable[..., Client], some: list[SyncProblem]
) -> None:
    client = staff("auditor")
    for shown in (
        text_of(client.get(LIST, secure=True)),
        text_of(client.get(f"{LIST}?q=1234504", secure=True)),
        text_of(client.post(f"{LIST}export/", secure=True)),
    ):
        assert "1234504 ext" not in shown
        assert NUMBER not in shown
    assert "Corrections as LDIF" not in text_of(client.get(LIST, secure=True))
    assert client.post(f"{LIST}corrections/", secure=True).status_code == 403


@pytest.mark.row("T-55")
def test_the_export_is_safe_to_open_and_the_audit_trail_has_both_downloads(
    staff: Callable[..., Client], some: list[SyncProblem]
) -> None:
    client = staff("admin")
    rows = list(csv.reader(io.StringIO(text_of(client.post(f"{LIST}export/", secure=True)))))
    assert {row[0] for row in rows} == {"user name", "alice", "'=cmd|x"}
    ldif = client.post(f"{LIST}corrections/?reason=extension", secure=True)
    assert 'filename="corrections-' in ldif["Content-Disposition"]
    lines = ["delete: mobile", "mobile: 0170 1234504 ext. 12", "-", "add: mobile", f"mobile: {NUMBER}", "-", ""]
    assert "\n".join(["dn: uid=alice,dc=x", "changetype: modify", *lines]) in text_of(ldif)
    details = list(AuditEvent.objects.filter(action="list.exported").order_by("pk").values_list("details", flat=True))
    assert details == [
        {"list": "syncproblem", "chosen": {}}, {"list": "corrections", "chosen": {"reason": "extension"}},
    ]  # fmt: skip


def test_one_problem_has_no_page_and_no_other_column_can_be_asked(
    staff: Callable[..., Client], some: list[SyncProblem]
) -> None:
    client = staff("auditor")
    assert client.get(f"{LIST}{some[0].pk}/change/", secure=True).status_code == 404
    assert client.get(f"{LIST}?exact__startswith=0", secure=True).status_code == 400
    assert client.post(f"{LIST}export/?exact__startswith=0", secure=True).status_code == 400


def test_a_full_page_takes_no_more_queries_than_a_short_one(
    staff: Callable[..., Client], run: SyncRun, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    SyncProblem.objects.bulk_create(
        [SyncProblem(run=run, user=alice, username=f"u{n}", reason="too_short") for n in range(60)]
    )
    client = staff("admin")
    with django_assert_max_num_queries(20):
        assert text_of(client.get(LIST, secure=True)).count('class="field-person') == 50
