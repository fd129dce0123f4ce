"""One RADIUS request has one answer, whoever judges it, for as long as it may come again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from mfa.api import answers, radius
from mfa.models import Application, RadiusAnswer
from tests.mfa.api.conftest import Call

REQUEST = "a" * 64
YES: answers.Response = (200, {"control:Auth-Type": "Accept"})
NO: answers.Response = (401, {})


def answered(response: answers.Response, *, now: datetime) -> answers.Response:
    return answers.once(REQUEST, lambda: None, lambda _: response, now=now)


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PATIENCE", 0.0)


def test_the_first_answer_is_everybodys(db: None, now: datetime) -> None:
    assert answered(NO, now=now) == NO
    assert answered(YES, now=now + timedelta(seconds=2)) == NO


def test_while_one_process_judges_no_other_does(db: None, now: datetime) -> None:
    def judge(_: None) -> answers.Response:
        with pytest.raises(answers.StillJudged):
            answered(YES, now=now + timedelta(seconds=5))
        return NO

    assert answers.once(REQUEST, lambda: None, judge, now=now) == NO


def test_what_failed_is_judged_by_the_next(db: None, now: datetime) -> None:
    def fail(_: None) -> answers.Response:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        answers.once(REQUEST, lambda: None, fail, now=now)
    assert answered(YES, now=now) == YES


def test_whoever_took_too_long_leaves_nothing_and_says_what_the_next_one_said(db: None, now: datetime) -> None:
    def judge(_: answers.Response) -> answers.Response:
        RadiusAnswer.objects.create(request="b" * 64, status=200)  # as a used code
        return YES

    later = now + answers.GIVEN_UP_AFTER * 2
    assert answers.once(REQUEST, lambda: answered(NO, now=later), judge, now=now) == NO
    assert RadiusAnswer.objects.get().request == REQUEST


def test_freeradius_hears_no_verdict_while_the_first_request_is_judged(
    call: Call, vpn: Application, key_of: Callable[..., str]
) -> None:
    sent = {"User-Name": "nobody", "User-Password": "x", "Identifier": "1", "Authenticator": "0x" + "ab" * 16}
    key = key_of(vpn)
    assert call("radius/authorize", key, **sent).status_code == 401
    RadiusAnswer.objects.update(status=RadiusAnswer.AT_WORK)
    assert call("radius/authorize", key, **sent).status_code == 503


@pytest.mark.row("T-67e")
@pytest.mark.parametrize("other", ["User-Password", "Calling-Station-Id", "Tunnel-Client-Endpoint", "State", "Client"])
def test_what_differs_in_anything_that_is_judged_is_another_request(other: str) -> None:
    """Else whoever may choose the authenticator would hear another's acceptance for any password."""
    application = Application(slug="vpn")
    sent = {"User-Name": "alice", "User-Password": "secret", "Identifier": "1", "Authenticator": "0x" + "ab" * 16}
    keys = {
        radius.request_key(application, radius.Attributes.model_validate(attributes))
        for attributes in (sent, dict(sent), sent | {other: "another"})
    }
    assert len(keys) == 2
    assert not any(key in hashlib.sha256(b"secret").hexdigest() for key in keys)
