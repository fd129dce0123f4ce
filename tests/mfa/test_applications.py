from __future__ import annotations

from datetime import datetime

import pytest

from accounts.models import User
from mfa import kinds
from mfa.applications import PORTAL, accepted_kinds
from mfa.kinds import Answer
from mfa.models import Application
from mfa.outcomes import NOTHING_ENROLLED
from mfa.verification.service import Attempt, verify
from tests.mfa.sample_kind import RIGHT, SampleKind, give


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
        assert verify(Attempt(alice, Answer(RIGHT), application, "203.0.113.9"), now=now).result is NOTHING_ENROLLED
    Application.objects.create(slug="lists-it", name="Lists it", kinds=["listed"])
    assert verify(Attempt(alice, Answer(RIGHT), "lists-it", "203.0.113.9"), now=now).accepted


def test_what_the_portal_does_not_take_is_nobodys_only_factor() -> None:
    assert [kind.alone for kind in kinds.registry().values()] == [True, False]
