"""The page to try the interface: the answer that an application would get, and nothing of what was typed in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application, AuditEvent, AuthenticationRecord
from tests.conftest import PASSWORD
from tests.mfa.doors import SECRET, add_factor
from tests.stories.authenticator import Phone

TRY = "/admin/mfa/application/interface/try/"


@pytest.fixture
def vpn(db: None) -> Application:
    return Application.objects.create(slug="vpn", name="VPN")


def key_of(vpn: Application, actor: User, *, networks: str = "127.0.0.1", verbs: tuple[Verb, ...] = tuple(Verb)) -> str:
    now = timezone.now()
    until = now + timedelta(days=1)
    return clients.issue(vpn, verbs=list(verbs), networks=[networks], expires_at=until, actor=actor, now=now)


def asked(client: Client, **typed: str) -> tuple[int, dict[str, object], str]:
    answer = client.post(TRY, {"verb": "verify", "username": "alice"} | typed, secure=True)
    assert answer.status_code == 200
    heard = answer.context["heard"]
    return heard.status, json.loads(heard.body), answer.content.decode()


def test_a_right_code_is_accepted_as_over_https_and_leads_to_its_attempt(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    key, code = key_of(vpn, alice), Phone(SECRET, "alice").code()
    client = staff("admin")
    status, body, page = asked(client, key=key, password=PASSWORD, code=code)
    assert (status, body["accepted"]) == (200, True)
    row = AuthenticationRecord.objects.get(application="vpn")
    assert f"/admin/mfa/authenticationrecord/{row.pk}/change/" in page
    status, body, page = asked(client, key=key, password=PASSWORD, code=code)
    assert body["accepted"] is False, "each code once, here too"
    for secret in (key, PASSWORD, code):
        assert secret not in page
        assert not any(secret in json.dumps(event.details) for event in AuditEvent.objects.all())
    assert AuditEvent.objects.filter(action="application.tried", details__application="vpn").count() == 2


def test_a_code_is_asked_for_and_answered_by_its_state(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    key, client = key_of(vpn, alice), staff("admin")
    _status, body, _page = asked(client, verb="challenge", key=key, password=PASSWORD)
    assert body["state"]
    state = str(body["state"])
    _status, body, _page = asked(client, key=key, state=state, code=Phone(SECRET, "alice").code())
    assert body["accepted"] is True


def test_a_key_that_may_not_is_refused_as_the_interface_refuses_it(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    client = staff("admin")
    elsewhere = key_of(vpn, alice, networks="192.0.2.7")
    for key, verb, refused in (("ab.cd", "verify", 401), (elsewhere, "verify", 403), (elsewhere, "challenge", 403)):
        assert asked(client, key=key, verb=verb, code="123456")[0] == refused
    status, body, _page = asked(client, key=key_of(vpn, alice))
    assert (status, body["detail"]) == (422, [{"where": ["code"], "what": "Field required"}])
    assert not AuthenticationRecord.objects.filter(application="vpn").exists()


def test_what_is_left_out_is_asked_for(staff: Callable[..., Client]) -> None:
    assert staff("admin").post(TRY, {}, secure=True).status_code == 422
