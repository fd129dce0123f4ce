from __future__ import annotations

from datetime import datetime

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from mfa import enrolment, holdings, kinds, policy
from mfa.applications import PORTAL, TRYING, accepted_kinds
from mfa.kinds import Answer
from mfa.models import Application
from mfa.outcomes import KIND_NOT_TAKEN
from mfa.verification.service import Attempt, verify
from tests.mfa.sample_kind import RIGHT, SampleKind, give
from tests.stories import acting


class ListedKind(SampleKind):
    slug = "listed"
    only_where_listed = True

    @property
    def in_portal(self) -> bool:
        return False


@pytest.fixture(autouse=True)
def two_kinds(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = {kind.slug: kind for kind in (SampleKind(), ListedKind())}
    monkeypatch.setattr(kinds, "registry", lambda: registry)


def test_an_application_that_lists_nothing_takes_the_kinds_that_need_no_listing() -> None:
    Application.objects.create(slug="vpn", name="VPN")
    assert accepted_kinds("vpn") == {"sample"}


def test_an_application_takes_just_what_it_lists_and_nothing_that_is_switched_off() -> None:
    Application.objects.create(slug="vpn", name="VPN", kinds=["listed", "gone"])
    assert accepted_kinds("vpn") == {"listed"}


def test_an_unknown_or_inactive_application_takes_nothing() -> None:
    Application.objects.create(slug="old", name="Old VPN", active=False)
    assert accepted_kinds("old") == accepted_kinds("nobody") == frozenset()


@pytest.mark.row("A-6.3.6")
def test_the_portal_and_a_gateway_that_does_not_list_a_kind_refuse_its_right_codes(alice: User, now: datetime) -> None:
    Application.objects.create(slug="vpn", name="VPN")
    give(alice, "listed")
    for application in (PORTAL, "vpn"):
        assert verify(Attempt(alice, Answer(RIGHT), application, "203.0.113.9"), now=now).result is KIND_NOT_TAKEN
    Application.objects.create(slug="lists-it", name="Lists it", kinds=["listed"])
    assert verify(Attempt(alice, Answer(RIGHT), "lists-it", "203.0.113.9"), now=now).accepted


def test_what_the_portal_does_not_take_is_nobodys_only_factor() -> None:
    assert [kind.alone for kind in kinds.registry().values()] == [True, False]


def test_a_test_of_a_factor_takes_every_kind_and_no_gateway_can_take_its_name() -> None:
    assert accepted_kinds(TRYING) == {"sample", "listed"}
    with pytest.raises(ValidationError):
        Application(slug=TRYING, name="VPN").full_clean()


@pytest.mark.row("A-6.3.3")
def test_what_only_gateways_take_neither_opens_the_portal_nor_makes_the_password_enough(
    client: Client, alice: User
) -> None:
    """Only such a factor is left, for example after a reset of the other kind."""
    give(alice, "listed")
    acting.give_password(client, "alice")
    answer = client.get("/", secure=True)
    assert answer.headers["Location"].startswith("/activation/")


def test_a_reset_that_leaves_only_what_gateways_take_asks_for_an_activation_code(alice: User, now: datetime) -> None:
    give(alice)
    give(alice, "listed")
    enrolment.reset(alice, actor=None, reason="lost", now=now, kind="sample")
    assert policy.of(alice, now=now).activation_only
    assert holdings.opening(alice, now=now) == []
