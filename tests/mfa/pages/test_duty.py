"""What a person who has less than the rules ask for meets on the portal: first words, then nothing but enrolment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from mfa.demands import Missing
from mfa.models import Rule
from mfa.pages import duty
from tests.mfa.doors import add_factor, give_role

CLOSED = ("/", "/history/", "/recovery/remove/")


def rule(*, ago: int = 3, grace_days: int = 0, **columns: Any) -> Rule:
    day = timezone.localdate() - timedelta(days=ago)
    return Rule.objects.create(name="Everybody", starts_on=day, grace_days=grace_days, **columns)


def location(client: Client, path: str) -> str:
    return client.get(path, secure=True).headers.get("location", "")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (Missing(), ""),
        (Missing(1), "1 second factor is missing."),
        (Missing(2), "2 second factors are missing."),
        (Missing(0, backup=True), "Recovery codes are missing."),
        (Missing(1, backup=True), "1 second factor and recovery codes are missing."),
    ],
)
def test_what_is_missing_is_one_sentence(missing: Missing, words: str) -> None:
    assert duty.words(missing) == words


def test_within_the_grace_a_person_goes_on_and_reads_until_when(alice: User, signed_in: Callable[..., Client]) -> None:
    rule(grace_days=14)
    client = signed_in(alice)
    page = client.get("/", secure=True).content.decode()
    assert "Your organisation asks for more by" in page
    assert "1 second factor is missing." in page
    assert client.get("/history/", secure=True).status_code == 200


@pytest.mark.row("A-6.3.3")
@pytest.mark.row("A-8.3.2")
def test_after_it_only_enrolment_is_open_in_sessions_that_are_open_too(
    alice: User, signed_in: Callable[..., Client]
) -> None:
    client = signed_in(alice, add_factor(alice))
    assert client.get("/", secure=True).status_code == 200
    found = rule(factors=2)
    for path in CLOSED:
        assert location(client, path) == "/enrol/", path
    page = client.get("/enrol/", secure=True).content.decode()
    assert "1 second factor is missing." in page
    assert "/totp/add/" in page
    assert client.get("/totp/add/", secure=True).status_code == 200
    Rule.objects.filter(pk=found.pk).update(ended_at=timezone.now())
    assert client.get("/", secure=True).status_code == 200


@pytest.mark.row("A-6.3.3")
def test_an_admin_with_less_than_the_rule_asks_for_does_not_enter_the_admin(
    alice: User, signed_in: Callable[..., Client]
) -> None:
    boss = give_role(alice, "admin")
    rule(kinds=["sms"])
    assert location(signed_in(boss, add_factor(boss)), "/admin/") == "/enrol/"


def test_where_recovery_codes_are_missing_their_page_is_open(alice: User, signed_in: Callable[..., Client]) -> None:
    rule(backup=True)
    client = signed_in(alice, add_factor(alice))
    assert location(client, "/") == "/enrol/"
    assert b"/recovery/" in client.get("/enrol/", secure=True).content
    assert client.get("/recovery/", secure=True).status_code == 200
    client.logout()
    assert location(signed_in(alice), "/recovery/").startswith("/sign-in/"), "not by password alone"


def test_a_kind_that_the_rules_do_not_count_is_neither_offered_nor_begun(
    alice: User, signed_in: Callable[..., Client]
) -> None:
    rule(kinds=["sms"])
    client = signed_in(alice)
    assert b"/totp/add/" not in client.get("/enrol/", secure=True).content
    answer = client.post("/totp/add/", {"name": "Phone"}, secure=True, follow=True)
    assert b"does not offer you this kind" in answer.content
    assert not alice.factors.exists()


def test_a_rule_can_want_an_activation_code_before_the_first_factor(
    alice: User, signed_in: Callable[..., Client]
) -> None:
    rule(factors=0, activation_only=True)
    assert location(signed_in(alice), "/") == "/activation/"


def test_a_rule_that_one_factor_meets_costs_one_query_a_page(alice: User, signed_in: Callable[..., Client]) -> None:
    client = signed_in(alice, add_factor(alice))
    client.get("/history/", secure=True)
    with CaptureQueriesContext(connection) as seen:
        rule()
        client.get("/history/", secure=True)
    assert sum('FROM "mfa_rule"' in query["sql"] for query in seen) == 1
    assert not any("mfa_exemption" in query["sql"] for query in seen)
