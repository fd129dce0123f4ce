"""The test of an application, through a real FreeRADIUS and back to the log."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa.api import radius_probe
from mfa.desk.radius_probe import stations
from mfa.models import Application, AuditEvent, AuthenticationRecord
from tests.services.servers.freeradius import FreeRadius
from tests.services.servers.ports import free_port

Users = Callable[..., User]
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md"


def test_each_station_is_named_and_the_portal_was_asked(
    radius: FreeRadius, vpn: Application, make_user: Users, settings: Settings
) -> None:
    settings.RADIUS_TEST_SERVER, settings.RADIUS_TEST_SECRET = f"127.0.0.1:{radius.port}", radius.secret
    root = make_user("root")
    found = stations(vpn, actor=root, now=timezone.now())
    assert [one.good for one in found] == [True, True, True]
    assert "signed" in found[0].found
    record = AuthenticationRecord.objects.get()
    assert record.username.startswith("probe ")
    assert record.request_id in found[1].found
    assert found[2].found == "vpn, by the gateway vpn-1"
    other = Application.objects.create(slug="other", name="Other")
    assert [one.good for one in stations(other, actor=root, now=timezone.now())] == [True, True, False]
    assert AuditEvent.objects.filter(action="application.tested").count() == 2


def test_where_nobody_answers_it_says_what_to_look_at(
    vpn: Application, make_user: Users, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RADIUS_TEST_SERVER, settings.RADIUS_TEST_SECRET = f"127.0.0.1:{free_port()}", "secret"
    monkeypatch.setattr(radius_probe, "PATIENCE", 0.2)
    found = stations(vpn, actor=make_user("root"), now=timezone.now())
    assert [one.good for one in found] == [False, False]
    assert found[0].found == "no answer"


@pytest.mark.parametrize(
    ("address", "secret", "said"),
    [("127.0.0.9", "", "unknown client 127.0.0.9"), ("127.0.0.1", "another", "invalid Message-Authenticator")],
)
def test_a_gateway_that_freeradius_does_not_know_is_named_in_its_own_log(
    radius: FreeRadius, address: str, secret: str, said: str
) -> None:
    """In the words that the guide to troubles quotes."""
    packet = replace(radius, secret=secret or radius.secret).packet("alice", "secret")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind((address, 0))
        gateway.sendto(packet, ("127.0.0.1", radius.port))
        radius.process.wait_until(lambda: said in radius.process.last_lines(50))
    assert f"`{said.removesuffix(f' {address}')}`" in GUIDE.read_text(encoding="utf-8")
    assert not AuthenticationRecord.objects.exists()
