"""The inbox shows codes, so it is for development and for nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from tests.mfa.delivery.messages import queued_mail, queued_sms


def get(client: Client, query: str = "") -> tuple[int, str]:
    answer = client.get(f"/inbox/{query}", secure=True)
    return answer.status_code, answer.content.decode()


def test_in_development_anybody_reads_it(client: Client, alice: User, settings: Settings) -> None:
    settings.DEBUG = True
    queued_sms(alice, now=timezone.now(), code="918273")
    queued_mail(alice, now=timezone.now(), name="<b>bold</b>")
    status, page = get(client)
    assert status == 200
    assert "918273" in page
    assert "A second factor was added" in page
    assert "<b>bold" not in page


@pytest.mark.row("T-73")
def test_outside_development_it_is_not_there(client: Client, alice: User, signed_in: Callable[..., Client]) -> None:
    assert get(client)[0] == 404
    assert get(signed_in(alice))[0] == 404


def test_no_role_reads_it_outside_development(staff: Callable[..., Client]) -> None:
    assert get(staff("admin"))[0] == 404


def test_with_real_providers_it_is_not_there(staff: Callable[..., Client], settings: Settings) -> None:
    settings.DEBUG = True
    settings.SMS_GATEWAYS = ["kannel"]
    settings.EMAIL_URL = "smtps://mail.portal.test"
    assert get(staff("helpdesk"))[0] == 404


@pytest.mark.parametrize("query", ["?page=2", "?page=0", "?page=x", "?page=999999999999999999999"])
def test_it_has_pages_and_bears_with_bad_ones(client: Client, alice: User, settings: Settings, query: str) -> None:
    settings.DEBUG = True
    for _ in range(21):
        queued_sms(alice, now=timezone.now())
    status, page = get(client, query)
    assert status == 200
    assert "of 21" in page
