"""The interface while other parts are broken: it asks what it needs of the database alone."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa.delivery import outbox
from mfa.models import Application, AuthenticationRecord, Budget, Delivery, RememberRule
from mfa.outcomes import OATH_DUPLICATE, REMEMBERED_AT_APPLICATION
from tests.conftest import PASSWORD
from tests.mfa.api.conftest import Call
from tests.mfa.delivery.conftest import by_http, clock
from tests.mfa.delivery.messages import Clock, attempt_when_due
from tests.mfa.doors import SECRET, add_factor
from tests.services.http_gateway import HttpGateway
from tests.stories.authenticator import Phone

__all__ = ["by_http", "clock"]

Keys = Callable[..., str]
STATE = {"algorithm": "SHA1", "digits": 6, "period": 30}


class Broken(BaseCache):
    """A cache whose server is gone."""

    def __init__(self, *args: Any) -> None:
        super().__init__({})

    def get(self, *args: Any, **more: Any) -> Any:
        raise ConnectionError

    add = set = touch = delete = clear = incr = get


@pytest.mark.row("F-03", "T-01", "T-41")
@pytest.mark.parametrize("fault", ["flushed", "down"])
def test_without_a_cache_codes_are_judged_spent_counted_and_remembered_as_ever(
    call: Call, vpn: Application, key_of: Keys, alice: User, settings: Settings, fault: str
) -> None:
    if fault == "down":
        settings.CACHES = {"default": {"BACKEND": f"{__name__}.Broken"}}
        with pytest.raises(ConnectionError):
            cache.get("anything")
    add_factor(alice, state=STATE)
    key, code = key_of(vpn), Phone(SECRET, "alice").code()
    question = {"username": "alice", "password": PASSWORD}

    def verify(code: str) -> bool:
        accepted = call("verify", key, **question, code=code).json()["accepted"]
        if fault == "flushed":
            cache.clear()
        return bool(accepted)

    assert [verify("000000"), verify(code), verify(code)] == [False, True, False]
    assert AuthenticationRecord.objects.latest("pk").code == OATH_DUPLICATE.code
    RememberRule.objects.create(name="Five minutes", scope="application", application=vpn, seconds=300)
    assert not call("challenge", key, **question).json()["accepted"], "nothing was remembered before there was a rule"
    assert not any(verify("000000") for _ in range(5))
    assert not verify(Phone(SECRET, "alice").code(steps=1)), "the guesses stayed counted"
    assert not AuthenticationRecord.objects.filter(code=REMEMBERED_AT_APPLICATION.code).exists()


@pytest.mark.row("F-05")
def test_a_gateway_that_fails_first_sends_one_message_for_a_question_and_is_charged_once(
    call: Call, vpn: Application, key_of: Keys, make_user: Callable[..., User], clock: Clock, by_http: HttpGateway
) -> None:
    make_user("carol", phone="+4915112345678", phone_confirmed_at=timezone.now())
    clock.at = timezone.now()
    by_http.answer(500, times=2)
    key = key_of(vpn)
    asked = call("challenge", key, username="carol", password=PASSWORD).json()
    again = call("challenge", key, username="carol", password=PASSWORD).json()
    assert (asked["kind"], again["kind"]) == ("sms", "sms")
    delivery = Delivery.objects.get(template="code")
    code = outbox.read(delivery).rpartition("#")[2]
    for state in (Delivery.State.QUEUED, Delivery.State.QUEUED, Delivery.State.SENT):
        assert attempt_when_due(delivery, clock).state == state
    assert {request.json()["key"] for request in by_http.requests} == {delivery.key}
    assert [len(budget.spent) for budget in Budget.objects.filter(subject__startswith="sms:")] == [1, 1, 1]
    assert call("verify", key, username="carol", code=code, state=again["state"]).json()["accepted"]


class EndsEarly(io.BytesIO):
    """A body whose sender hung up in the middle, as the web worker gives it to Django."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError

    readline = read


@pytest.mark.row("F-16")
def test_a_question_that_ended_early_is_refused_and_no_error_of_the_server(
    client: Client, vpn: Application, key_of: Keys
) -> None:
    headers = {"authorization": f"Bearer {key_of(vpn)}"}
    body = {"data": "{}", "content_type": "application/json", "wsgi.input": EndsEarly()}
    answer = client.post("/api/v1/verify", secure=True, headers=headers, **body)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()) == (400, {"detail": "The body ended early."})
