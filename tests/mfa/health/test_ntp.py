"""The clock against a time server that truly answers: right, wrong, turning away, talking nonsense, silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from mfa.health import certificates, ntp, parts, watch
from mfa.health.ntp import NoTime
from mfa.models import Delivery, Finding
from tests.services.servers.ntp import SINCE_1900, Ntp, ntp_server


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ntp]:
    monkeypatch.setattr(certificates, "places", list)
    settings.NTP_SERVER, settings.ALARM_MAIL = "127.0.0.1", ["team@example.test"]
    with ntp_server() as running:
        monkeypatch.setattr(watch, "NTP_PORT", running.port)
        yield running


def offset(server: Ntp) -> tuple[float, float]:
    """What is found, and by how much it may be wrong: by half the time that question and answer took."""
    began = time.monotonic()
    found = ntp.ahead("127.0.0.1", port=server.port)
    return found, (time.monotonic() - began) / 2 + 0.001


@pytest.mark.parametrize("ahead", [0.0, 40.0, -40.0, 86_400.0 * 365 * 60])
def test_the_offset_is_what_the_server_clock_says(server: Ntp, ahead: float) -> None:
    server.ahead = ahead
    found, wrong_by = offset(server)
    assert found == pytest.approx(-ahead, abs=wrong_by)


def test_the_question_is_that_of_a_client_and_tells_no_time(server: Ntp) -> None:
    for _ in range(2):
        ntp.ahead("127.0.0.1", port=server.port)
    first, second = server.questions
    assert (first[0], len(first), first[1:40]) == (0x23, 48, bytes(39))
    assert first[40:] != second[40:]
    told = int.from_bytes(first[40:44]) - SINCE_1900
    assert abs(told - time.time()) > 60 or abs(int.from_bytes(second[40:44]) - SINCE_1900 - time.time()) > 60


def test_an_answer_to_no_question_of_ours_is_passed_over(server: Ntp) -> None:
    server.says = "forged first"
    found, wrong_by = offset(server)
    assert found == pytest.approx(0, abs=wrong_by)


@pytest.mark.parametrize(
    ("says", "cause", "quiet"),
    [
        ("RATE", "turns questions away (RATE)", True),
        ("DENY", "turns questions away (DENY)", True),
        ("never set", "does not know the time itself", False),
        ("too far", "does not know the time itself", False),
        ("no time", "does not know the time itself", False),
        ("garbage", "does not answer", False),
        ("a question", "does not answer", False),
        ("nothing", "does not answer", False),
    ],
)
def test_a_server_that_cannot_be_believed_tells_no_time(
    server: Ntp, says: str, cause: str, quiet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cause == "does not answer":
        monkeypatch.setattr(ntp, "PATIENCE", 0.3)
    server.says, server.ahead = says, 3600
    with pytest.raises(NoTime) as unknown:
        ntp.ahead("127.0.0.1", port=server.port)
    assert (str(unknown.value), unknown.value.quiet) == (cause, quiet)


def test_a_name_without_an_address_and_a_closed_port_tell_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with ntp_server() as gone:
        port = gone.port
    with pytest.raises(NoTime, match="does not answer"):
        ntp.ahead("127.0.0.1", port=port)
    with pytest.raises(NoTime, match="without an address"):
        ntp.ahead("no such name", port=port)


@pytest.mark.django_db
@pytest.mark.row("F-14")
def test_a_time_server_that_does_not_answer_leaves_the_offset_unknown_and_one_far_away_raises_the_alarm(
    server: Ntp, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = ntp.PATIENCE
    for says, ahead, state, told in (("nothing", 0, "unknown", 0), ("time", 14, "ok", 0), ("time", 17, "bad", 1)):
        server.says, server.ahead = says, ahead
        monkeypatch.setattr(ntp, "PATIENCE", 0.3 if says == "nothing" else usual)
        watch.watch(now=now)
        assert Finding.objects.get(part="clock").state == state
        assert Delivery.objects.filter(template="part-in-trouble").count() == told
    clock = next(part for part in parts.all_of_them(now=now) if part.name == "Clock of the workers")
    assert clock.at == now
    assert "set this machine's clock" in clock.step


@pytest.mark.django_db
def test_a_time_server_that_turns_questions_away_is_left_alone_for_an_hour(server: Ntp, now: datetime) -> None:
    server.says = "RATE"
    for minutes, asked in ((0, 1), (30, 1), (61, 2)):
        watch.watch(now=now + timedelta(minutes=minutes))
        assert len(server.questions) == asked
    clock = next(part for part in parts.all_of_them(now=now) if part.name == "Clock of the workers")
    assert clock.text.endswith("because the time server turns questions away (RATE)")
    assert "another" in clock.step
    server.says = "time"
    watch.watch(now=now + timedelta(hours=3))
    assert Finding.objects.get(part="clock").state == "ok"
