from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import NotAllowed, TooManyKeys, Verb
from mfa.api.verify import api
from mfa.models import Application, ApplicationKey, AuditEvent
from tests.lines import Lines, lines
from tests.mfa.api.conftest import Call
from tests.mfa.doors import add_factor, sign_in

__all__ = ["lines"]

Keys = Callable[..., str]
PATHS = {
    str(pattern.pattern): Verb(str(pattern.pattern).partition("/")[0])
    for pattern in api.urls[0]
    if isinstance(pattern, URLPattern) and str(pattern.pattern)
}


def test_every_path_of_the_interface_is_known_here() -> None:
    assert set(PATHS) == {"verify", "challenge", "radius/authorize"}


@pytest.mark.row("A-8.2.1")
@pytest.mark.parametrize("path", PATHS)
def test_without_a_key_nothing_is_answered_not_even_to_a_signed_in_person(
    call: Call, client: Client, alice: User, path: str
) -> None:
    sign_in(client, alice, add_factor(alice))
    for key in ("", "nonsense", "000000000000.secret", "x" * 200, "\u00e9.\u00e9"):
        status = call(path, key, username="alice", code="123456").status_code
        assert status == (401 if PATHS[path] is not Verb.RADIUS else 403)  # which FreeRADIUS takes for no refusal


@pytest.mark.row("T-62")
@pytest.mark.parametrize("path", PATHS)
def test_a_key_does_what_it_was_made_for_and_nothing_else(
    call: Call, vpn: Application, key_of: Keys, path: str
) -> None:
    others = tuple(verb for verb in Verb if verb is not PATHS[path])
    assert call(path, key_of(vpn, verbs=others), username="alice", code="123456").status_code == 403
    assert call(path, key_of(vpn, verbs=(PATHS[path],)), username="alice").status_code in (200, 422)


@pytest.mark.row("T-61")
def test_a_key_from_another_network_is_refused_and_reported_once_an_hour(
    call: Call, vpn: Application, key_of: Keys
) -> None:
    key = key_of(vpn, networks=("192.0.2.0/24",))
    for address in ("198.51.100.7", "198.51.100.7", "::ffff:198.51.100.7", "not an address"):
        assert call("challenge", key, address=address, username="alice").status_code == 403
    refused = AuditEvent.objects.filter(action="application.key-refused", details__origin="198.51.100.7")
    assert refused.count() == 1
    assert call("challenge", key, address="::ffff:192.0.2.9", username="alice").status_code == 200


@pytest.mark.row("A-4.1.2", "N-29")
def test_without_https_nothing_is_answered(client: Client, vpn: Application, key_of: Keys) -> None:
    headers = {"authorization": f"Bearer {key_of(vpn)}"}
    answer = client.post("/api/v1/challenge", "{}", content_type="application/json", headers=headers)
    assert answer.status_code == 403


@pytest.mark.row("T-63")
def test_two_keys_work_while_one_is_rolled_out_and_a_revoked_one_ends_at_once(
    call: Call, vpn: Application, key_of: Keys, alice: User
) -> None:
    old, new = key_of(vpn), key_of(vpn)
    with pytest.raises(TooManyKeys):
        key_of(vpn)
    assert [call("challenge", key, username="x").status_code for key in (old, new)] == [200, 200]
    row = ApplicationKey.objects.get(prefix=old.partition(".")[0])
    clients.revoke(row, actor=alice, reason="rolled out", now=timezone.now())
    assert [call("challenge", key, username="x").status_code for key in (old, new)] == [401, 200]


def test_an_expired_key_and_one_of_an_application_out_of_use_are_none(vpn: Application, key_of: Keys) -> None:
    key = key_of(vpn, days=1)

    def authenticate(now: datetime) -> str:
        return clients.authenticate(f"Bearer {key}", Verb.VERIFY, address="127.0.0.1", now=now).application.slug

    assert authenticate(timezone.now()) == "vpn"
    with pytest.raises(NotAllowed):
        authenticate(timezone.now() + timedelta(days=1))
    Application.objects.update(active=False)
    with pytest.raises(NotAllowed):
        authenticate(timezone.now())


@pytest.mark.row("T-64")
def test_of_a_key_only_a_hash_is_kept_and_no_line_holds_it(
    call: Call, client: Client, vpn: Application, key_of: Keys, lines: Lines
) -> None:
    key = key_of(vpn)
    secret = key.partition(".")[2]
    for address in ("127.0.0.1", "192.0.2.1"):
        call("challenge", key, address=address, username="x")
    elsewhere = f"/api/v1/challenge?key={key}&authorization=Bearer%20{key}"
    assert client.post(elsewhere, '{"username": "x"}', content_type="application/json", secure=True).status_code == 401
    assert "192.0.2.1" in lines.written.getvalue()
    assert secret not in lines.written.getvalue()
    assert len(secret) >= 43
    assert secret not in str(ApplicationKey.objects.values()) + str(AuditEvent.objects.values())
