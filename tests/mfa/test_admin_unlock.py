"""Unlocking: free where it only ends a delay; somebody vouches where it gives a guesser as many guesses again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.desk import pace
from mfa.models import AuditEvent, Factor
from tests.mfa.doors import add_factor, read_back
from tests.mfa.test_admin_acts import act


@pytest.fixture
def disabled(alice: User) -> Factor:
    return add_factor(alice, disabled_at=timezone.now(), failures=50)


def is_disabled(factor: Factor) -> bool:
    return Factor.objects.get(pk=factor.pk).disabled_at is not None


@pytest.mark.row("T-59")
@pytest.mark.row("N-14")
def test_helpdesk_alone_does_not_revive_what_guesses_disabled(
    staff: Callable[..., Client], alice: User, disabled: Factor
) -> None:
    client = staff("helpdesk")
    assert "approve it first" in act(client, "unlock", alice)
    assert is_disabled(disabled)
    read_back(User.objects.get(username="helpdesk-person"), alice)
    assert "The account was unlocked" in act(client, "unlock", alice)
    assert not is_disabled(disabled)
    Factor.objects.update(disabled_at=timezone.now())
    assert "approve it first" in act(client, "unlock", alice), "a check stands for one unlocking"


@pytest.mark.row("T-59")
def test_an_admin_revives_it_and_a_delay_ends_for_whoever_may_unlock(
    staff: Callable[..., Client], alice: User, disabled: Factor, make_user: Callable[..., User]
) -> None:
    bob = make_user("bob")
    add_factor(bob, failures=6)
    assert "The account was unlocked" in act(staff("helpdesk"), "unlock", bob)
    assert "The account was unlocked" in act(staff("admin"), "unlock", alice)
    assert not is_disabled(disabled)


@pytest.mark.row("T-59")
def test_unlocking_names_a_ticket_and_keeps_it(
    staff: Callable[..., Client], alice: User, settings: LazySettings
) -> None:
    settings.TICKET_REQUIRED = True
    client = staff("helpdesk")
    assert "Name the ticket" in act(client, "unlock", alice, ticket="")
    assert not AuditEvent.objects.filter(action="account.unlocked").exists()
    act(client, "unlock", alice, ticket="INC-7")
    assert AuditEvent.objects.get(action="identity.checked").details["ticket"] == "INC-7"


@pytest.mark.row("T-59")
def test_who_unlocks_too_many_is_stopped_as_who_resets_too_many(
    staff: Callable[..., Client], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "IN_A_ROW", 2)
    client = staff("helpdesk")
    assert ["Too many" in act(client, "unlock", alice) for _ in range(3)] == [False, False, True]
    assert AuditEvent.objects.filter(action="account.unlocked").count() == 2
