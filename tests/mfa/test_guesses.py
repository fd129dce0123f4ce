"""Who is told that somebody guesses, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from mfa.health import certificates, guesses, watch
from mfa.health.words import sentence
from mfa.models import AuthenticationRecord, Delivery, Finding
from mfa.outcomes import CODE_PENDING, OATH_INCORRECT, OATH_VERIFIED, PASSWORD_WRONG, USER_NOT_FOUND, Result

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def team(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALARM_MAIL = ["team@example.test"]
    monkeypatch.setattr(certificates, "places", list)


def log(
    names: Iterable[str], result: Result, at: datetime, *, addresses: Iterable[str] = ("",), user: User | None = None
) -> None:
    AuthenticationRecord.objects.bulk_create(
        AuthenticationRecord(
            at=at, user=user, username=name, application="vpn", address=address, code=result.code,
            accepted=result.accepted,
        )
        for name in names
        for address in addresses
    )  # fmt: skip


def told() -> list[str]:
    return list(Delivery.objects.filter(template="part-in-trouble").order_by("pk").values_list("subject", flat=True))


@pytest.mark.row("T-10")
def test_guesses_at_many_accounts_are_told_of_once_for_each_incident(now: datetime) -> None:
    log((f"u{number}" for number in range(guesses.NAMES)), USER_NOT_FOUND, now)
    for minutes in (0, 1, 59):
        watch.watch(now=now + timedelta(minutes=minutes))
    assert told() == ["Guesses at accounts through vpn needs somebody"]
    watch.watch(now=now + timedelta(minutes=61))
    assert not Finding.objects.filter(part__startswith="guesses").exists()


@pytest.mark.row("T-10")
def test_an_attack_that_ebbs_and_flows_around_the_border_is_one_incident(now: datetime) -> None:
    most = guesses.NAMES
    log((f"u{number}" for number in range(most // 2)), USER_NOT_FOUND, now - timedelta(minutes=30))
    log((f"v{number}" for number in range(most // 2)), USER_NOT_FOUND, now)
    watch.watch(now=now)
    watch.watch(now=now + timedelta(minutes=35))
    log((f"w{number}" for number in range(most // 2)), USER_NOT_FOUND, now + timedelta(minutes=40))
    watch.watch(now=now + timedelta(minutes=41))
    assert len(told()) == 1


@pytest.mark.row("T-10")
def test_one_address_is_told_of_sooner_and_named(now: datetime) -> None:
    names = [f"u{number}" for number in range(guesses.NAMES_FROM_ONE)]
    log(names, PASSWORD_WRONG, now, addresses=("198.51.100.66",))
    watch.watch(now=now)
    words = sentence(Finding.objects.get(part="guesses:vpn"))
    assert words.text == "20 names in an hour, 20 of them from 198.51.100.66"
    assert len(told()) == 1


def test_people_who_mistype_and_then_get_in_or_are_asked_for_a_code_raise_no_alarm(now: datetime) -> None:
    names = [f"u{number}" for number in range(guesses.NAMES)]
    log(names, OATH_INCORRECT, now, addresses=("198.51.100.7",))
    log(names, OATH_VERIFIED, now)
    log((f"v{number}" for number in range(guesses.NAMES)), CODE_PENDING, now)
    watch.watch(now=now)
    assert told() == []


@pytest.mark.row("T-09", "T-10")
def test_guesses_at_a_thousand_accounts_from_everywhere_are_one_mail_and_those_of_one_person_none(
    now: datetime, make_user: Callable[..., User]
) -> None:
    alice, bob = make_user("alice"), make_user("bob")
    everywhere = [f"198.51.100.{number}" for number in range(guesses.SOURCES)]
    log(["bob"], OATH_INCORRECT, now, user=bob, addresses=["192.0.2.1"] * 30)
    watch.watch(now=now)
    assert told() == []
    log(["alice"], OATH_INCORRECT, now, user=alice, addresses=everywhere)
    log(["bob"], OATH_INCORRECT, now, user=bob, addresses=[""] * guesses.MISSES)
    watch.watch(now=now)
    assert told() == ["Guesses at single accounts needs somebody"]
    assert Finding.objects.get(part="guesses").figures == {"accounts": 2, "most": "alice"}
