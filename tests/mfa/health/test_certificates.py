"""Certificates as servers show them: near their end, past it, not begun, of another name, by a stranger, not at all."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from mfa.health import certificates, openings, parts, watch
from mfa.health.certificates import Place, Unreached
from mfa.models import Delivery, Finding
from tests.services.servers import tls
from tests.services.servers.certificates import Authority, ServerCertificate, self_signed
from tests.services.servers.postgres import postgres_server
from tests.services.slapd import Slapd
from tests.services.smtp import Smtp

OPENINGS = ("", "ldap", "smtp", "postgres")
"""TLS at once, as of https, ldaps, smtps and rediss, and by each protocol's own word."""
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def faulty(authority: Authority) -> dict[str, ServerCertificate]:
    """By what its client says of each."""
    return {
        "certificate has expired": authority.issue("expired", days=-1),
        "certificate is not yet valid": authority.issue("early", since=1),
        "IP address mismatch, certificate is not valid for '127.0.0.1'.": authority.issue("other", ["ldap.test"]),
        "self-signed certificate": self_signed(authority.folder),
    }


def looked_at(port: int, opening: str, ca_file: Path) -> Unreached:
    with pytest.raises(Unreached) as refused:
        certificates.valid_until(Place(HOST, port, opening, str(ca_file)))
    return refused.value


@pytest.mark.parametrize("opening", OPENINGS)
def test_the_end_of_a_certificate_is_read_from_the_server_that_shows_it(authority: Authority, opening: str) -> None:
    with tls.shown(authority.issue("soon", days=12), opening) as port:
        until = certificates.valid_until(Place(HOST, port, opening, str(authority.ca_file)))
    assert (until - timezone.now()).days in (11, 12)


@pytest.mark.row("A-12.3.2")
@pytest.mark.parametrize("opening", OPENINGS)
def test_a_certificate_that_does_not_hold_is_refused_by_its_fault(
    authority: Authority, faulty: dict[str, ServerCertificate], opening: str
) -> None:
    for fault, certificate in faulty.items():
        with tls.shown(certificate, opening) as port:
            refused = looked_at(port, opening, authority.ca_file)
        assert (str(refused), refused.verified) == (fault, False)


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_server_that_answers_and_begins_no_tls_is_in_trouble(authority: Authority, opening: str) -> None:
    with tls.shown(None, opening) as port:
        refused = looked_at(port, opening, authority.ca_file)
    assert str(refused).startswith("it answers, but")
    assert not refused.verified


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_server_that_says_nothing_or_hangs_up_is_not_known(
    authority: Authority, opening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "PATIENCE", 0.2)
    with socket.create_server((HOST, 0)) as mute:
        refused = looked_at(mute.getsockname()[1], opening, authority.ca_file)
    assert (str(refused), refused.verified) == ("no answer within 0.2 seconds", True)
    refused = looked_at(closed_port(), opening, authority.ca_file)
    assert (str(refused), refused.verified) == ("nothing listens there", True)


def closed_port() -> int:
    with closing(socket.create_server((HOST, 0))) as probe:
        return int(probe.getsockname()[1])


def test_a_file_of_the_authority_that_is_gone_or_empty_is_the_fault(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("gone.pem", "empty.pem"):
        refused = looked_at(closed_port(), "", tmp_path / name)
        assert (str(refused), refused.verified) == ("the file of its authority cannot be read here", False)


@pytest.mark.service("slapd")
def test_a_real_directory_shows_its_certificate_by_ldaps_and_by_starttls(slapd: Slapd, settings: Settings) -> None:
    settings.LDAP_CA_FILE = str(slapd.ca_file)
    for settings.LDAP_URL, starttls in ((slapd.ldaps_url, False), (slapd.url, True)):
        settings.LDAP_START_TLS = starttls
        (place,) = [one for one in certificates.places() if one.ca_file]
        assert certificates.valid_until(place) > timezone.now()
    settings.LDAP_CA_FILE = str(slapd.other_ca_file)
    (place,) = [one for one in certificates.places() if one.ca_file]
    with pytest.raises(Unreached, match="certificate"):
        certificates.valid_until(place)


def test_a_real_mail_server_shows_its_certificate_after_starttls(smtp: Smtp) -> None:
    place = Place(smtp.host, smtp.tls_port, "smtp", str(smtp.ca_file))
    assert certificates.valid_until(place) > timezone.now()
    assert "STARTTLS" in str(looked_at(smtp.port, "smtp", smtp.ca_file))


@pytest.mark.service("postgres")
def test_a_real_database_without_tls_is_told_of(authority: Authority) -> None:
    with postgres_server() as server:
        refused = looked_at(server.port, "postgres", authority.ca_file)
    assert str(refused) == "it answers, but refuses TLS"


@pytest.fixture
def parts_with_tls(
    authority: Authority, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """A server for each part that speaks TLS, each with a fault of its own; by name what is found of it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    settings.ALARM_MAIL = ["team@example.test"]
    given = (
        (authority.issue("own", days=3), ""), (authority.issue("dir", days=-2), "ldap"),
        (authority.issue("mail", ["mail.test"]), "smtp"), (authority.issue("sms", since=1), ""),
    )  # fmt: skip
    with tls.shown(*given[0]) as own, tls.shown(*given[1]) as ldap, tls.shown(*given[2]) as mail, \
            tls.shown(*given[3]) as sms:  # fmt: skip
        settings.PUBLIC_URL = f"https://{HOST}:{own}"
        settings.LDAP_URL, settings.LDAP_START_TLS = f"ldap://{HOST}:{ldap}", True
        settings.LDAP_CA_FILE = str(authority.ca_file)
        settings.EMAIL_URL = f"smtp+starttls://{HOST}:{mail}"
        settings.SMS_GATEWAYS, settings.SMS_KANNEL_URL = ["kannel"], f"https://{HOST}:{sms}/cgi-bin/sendsms"
        yield {
            f"{HOST}:{own}": "2 days left", f"{HOST}:{ldap}": "not valid: certificate has expired",
            f"{HOST}:{mail}": "not valid: IP address mismatch, certificate is not valid for '127.0.0.1'.",
            f"{HOST}:{sms}": "not valid: certificate is not yet valid",
        }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.row("A-12.3.1")
def test_every_part_that_speaks_tls_is_told_of_with_its_fault_its_age_and_what_to_do(
    parts_with_tls: dict[str, str],
) -> None:
    now = timezone.now()
    watch.watch(now=now)
    found = {part.name: part for part in parts.all_of_them(now=now)}
    for name, words in parts_with_tls.items():
        part = found[f"Certificate of {name}"]
        assert (part.text, part.at) == (words, now)
        assert "Renew" in part.step or "renew" in part.step
    mails = Delivery.objects.filter(template="part-in-trouble", recipient="team@example.test")
    assert set(mails.values_list("subject", flat=True)) == {
        f"Certificate of {name} needs somebody" for name in parts_with_tls
    }


@pytest.mark.django_db
def test_what_nobody_looked_at_for_long_is_not_called_in_order() -> None:
    now = timezone.now()
    Finding.objects.create(part="certificate:ldap.test:636", state="ok", figures={"days": 90}, at=now)
    for hours, state in ((1, "ok"), (3, "unknown")):
        found = {part.name: part for part in parts.all_of_them(now=now + timedelta(hours=hours))}
        assert found["Certificate of ldap.test:636"].state == state


def test_a_mail_server_whose_reply_does_not_end_holds_the_watch_up_for_so_many_lines_only() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(1)
        theirs.sendall(b"220-and more\r\n" * 1000)
        with pytest.raises(openings.NoTls):
            openings.say(ours, "smtp")
