"""What the watch over the parts finds, whom it tells how often, and what the page says."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_celery_beat import schedulers
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler
from pytest_django import Settings

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import NotAllowed, Verb
from mfa.health import certificates, clocks, parts, watch, words
from mfa.health.certificates import Place, Unreached
from mfa.models import Application, ApplicationKey, AuditEvent, Delivery, Finding
from portal.celery import app
from tests.mfa.doors import add_factor, give_role, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def team(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALARM_MAIL = ["team@example.test"]
    monkeypatch.setattr(certificates, "places", list)


def told() -> list[str]:
    mails = Delivery.objects.filter(template="part-in-trouble", recipient="team@example.test")
    return list(mails.order_by("pk").values_list("subject", flat=True))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.row("F-13")
def test_a_clock_that_differs_from_the_database_is_told_of_once_for_each_incident(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for off in (90.0, 91.0, 0.1, -40.0):
        monkeypatch.setattr(clocks, "against_database", lambda off=off: (off, 0.001))
        watch.watch(now=now)
    assert told() == ["Clock of the workers needs somebody"] * 2
    assert Finding.objects.get(part="clock").state == "bad"


def test_the_clock_of_the_database_is_read_to_the_fraction_of_a_second() -> None:
    off, took = clocks.against_database()
    assert abs(off) < 1
    assert took < 1


def test_a_certificate_is_told_of_when_its_end_is_near_and_again_when_it_no_longer_holds(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place("ldap.example.test", 636)
    monkeypatch.setattr(certificates, "places", lambda: [place])
    until = now + timedelta(days=20)
    monkeypatch.setattr(certificates, "valid_until", lambda place: until)
    watch.watch(now=now)
    watch.watch(now=now, everything=True)
    assert told() == ["Certificate of ldap.example.test:636 needs somebody"]

    def refuse(place: Place) -> datetime:
        raise Unreached("certificate has expired", verified=False)

    monkeypatch.setattr(certificates, "valid_until", refuse)
    watch.watch(now=now + timedelta(minutes=1))
    assert len(told()) == 1, "not looked at again within the hour"
    watch.watch(now=now + timedelta(hours=1))
    assert len(told()) == 2
    monkeypatch.setattr(certificates, "places", list)
    watch.watch(now=now + timedelta(hours=2))
    assert not Finding.objects.filter(part__startswith="certificate:").exists()


def test_the_servers_of_the_settings_are_looked_at_each_by_its_own_opening(settings: Settings) -> None:
    settings.PUBLIC_URL, settings.EMAIL_URL = "https://2fa.test", "smtp+starttls://user:secret@mail.test"
    settings.LDAP_URL, settings.LDAP_CA_FILE = "ldap://ldap.test", "/ca.pem"
    settings.SMS_GATEWAYS, settings.SMS_KANNEL_URL = ["kannel"], "https://sms.test:13013/cgi-bin/sendsms"
    assert list(dict.fromkeys(certificates._named())) == [
        Place("2fa.test", 443), Place("ldap.test", 389, "ldap", "/ca.pem"), Place("mail.test", 587, "smtp"),
        Place("sms.test", 13013),
    ]  # fmt: skip
    settings.LDAP_START_TLS = False
    assert "ldap.test" not in {place.host for place in certificates._named()}


def test_a_server_that_is_down_is_unknown_and_not_called_invalid() -> None:
    with pytest.raises(Unreached) as refused:
        certificates.valid_until(Place("127.0.0.1", closed_port()))
    assert refused.value.verified


@pytest.mark.row("T-63")
def test_a_key_that_ends_within_thirty_days_is_reminded_of_once_and_forgotten_when_revoked(now: datetime) -> None:
    vpn = Application.objects.create(slug="vpn", name="VPN")
    ending = ApplicationKey.objects.create(
        application=vpn, prefix="0a", secret_hash="0", expires_at=now + timedelta(days=29)
    )
    ApplicationKey.objects.create(application=vpn, prefix="0b", secret_hash="1", expires_at=now + timedelta(days=40))
    for _ in range(2):
        watch.watch(now=now)
    assert told() == ["Key 0a of VPN needs somebody"]
    ApplicationKey.objects.filter(pk=ending.pk).update(revoked_at=now)
    watch.watch(now=now)
    assert not Finding.objects.filter(part__startswith="key:").exists()


@pytest.mark.row("T-61")
def test_a_right_key_that_was_refused_is_told_of_once_while_it_goes_on_and_no_more_once_it_is_revoked(
    make_user: Callable[..., User], now: datetime
) -> None:
    vpn, admin = Application.objects.create(slug="vpn", name="VPN"), make_user("root")
    text = clients.issue(
        vpn, verbs=[Verb.RADIUS], networks=["192.0.2.0/24"], expires_at=now + timedelta(days=99), actor=admin, now=now
    )
    key = ApplicationKey.objects.get()
    for minutes in (0, 50, 70, 130):
        at, before = now + timedelta(minutes=minutes), AuditEvent.objects.latest("pk").pk
        with pytest.raises(NotAllowed):
            clients.authenticate(f"Bearer {text}", Verb.RADIUS, address="203.0.113.66", now=at)
        AuditEvent.objects.filter(pk__gt=before).update(at=at)
        watch.watch(now=at)
    assert told() == [f"Refused: key {key.prefix} of VPN needs somebody"]
    finding = Finding.objects.get(part=f"misplaced:{key.prefix}")
    assert "“radius” from 203.0.113.66" in words.sentence(finding).text
    clients.revoke(key, actor=admin, reason="stolen", now=at)
    watch.watch(now=at)
    assert not Finding.objects.filter(part__startswith="misplaced:").exists()


def test_workers_that_fell_silent_and_messages_that_wait_are_trouble_with_a_next_step(now: datetime) -> None:
    watch.watch(now=now)
    assert state_of("Broker and workers", now) == "ok"
    Delivery.objects.create(channel="mail", template="code", recipient="x", created_at=now)
    Delivery.objects.create(channel="mail", template="code", recipient="x", created_at=now, state="failed")
    later = now + timedelta(minutes=10)
    for name, state in (("Broker and workers", "bad"), ("Outbox", "warn"), ("Mail", "warn")):
        assert state_of(name, later) == state
        assert next(part for part in parts.all_of_them(now=later) if part.name == name).step


def state_of(name: str, now: datetime) -> str:
    return next(part.state.value for part in parts.all_of_them(now=now) if part.name == name)


@pytest.mark.row("A-13.4.5")
def test_the_page_is_for_admins_and_auditors_and_shows_every_part(
    client: Client, make_user: Callable[..., User]
) -> None:
    auditor = give_role(make_user("the-auditor"), "auditor")
    sign_in(client, auditor, add_factor(auditor))
    Finding.objects.create(part="clock", state="ok", figures={"database": 0.01}, at=timezone.now())
    page = client.get("/admin/mfa/finding/", secure=True).content.decode()
    for name in ("Database", "Tables", "Broker and workers", "Directory", "Mail", "Outbox", "Clock of the workers"):
        assert name in page


def test_every_entry_of_the_beat_schedule_has_a_name_for_people(
    client: Client, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedulers, "close_old_connections", lambda: None)  # it would close the test's transaction
    beat = DatabaseScheduler(app=app)  # as beat starts: it adds entries of its own
    beat._finalize.cancel()
    entries = set(PeriodicTask.objects.filter(enabled=True).values_list("name", flat=True))
    assert entries >= set(beat.schedule)  # which leaves out what is due hours from now
    names = [part.name for part in parts.all_of_them(now=timezone.now()) if part.name.startswith("Schedule: ")]
    assert sorted(names) == sorted(f"Schedule: {words.schedule(name)}" for name in entries)
    assert [name for name in names if not re.fullmatch(r"Schedule: [A-Z][a-z]+([ :,]+[a-z]+)+", name)] == []
    auditor = give_role(make_user("the-auditor"), "auditor")
    sign_in(client, auditor, add_factor(auditor))
    listed = client.get("/admin/django_celery_beat/periodictask/", secure=True).content.decode()
    assert "Delete results of jobs that are over" in listed


@pytest.mark.row("F-06")
def test_beat_that_starts_nothing_is_told_of_once_and_again_only_after_it_was_back(now: datetime) -> None:
    each_minute = PeriodicTask.objects.filter(interval__every=1, interval__period="minutes")
    for minutes, ran in ((5, 0), (7, 0), (9, 0), (10, 8), (20, 8)):
        each_minute.update(last_run_at=now + timedelta(minutes=ran), date_changed=now)
        watch.watch_beat(now=now + timedelta(minutes=minutes))
    assert told() == ["Beat needs somebody"] * 2
    beat = Finding.objects.get(part="beat")
    assert beat.state == "bad"
    assert words.sentence(beat).step
    watch.watch(now=now + timedelta(minutes=20))
    assert Finding.objects.filter(part="beat").exists()


def test_a_new_portal_is_given_time_to_start_its_beat(now: datetime) -> None:
    PeriodicTask.objects.update(last_run_at=None, date_changed=now - timedelta(minutes=5))
    watch.watch_beat(now=now)
    assert told() == []


def test_the_probe_of_jobs_says_for_how_long_none_got_through_and_nothing_else(client: Client) -> None:
    now = timezone.now()
    for age, status in ((0, 200), (4, 200), (6, 503)):
        watch.watch(now=now - timedelta(minutes=age))
        assert client.get("/health/jobs", secure=True).status_code == status, age
