"""The authentication log's pages: filters, double prompts, a foreign log explained, remember rules."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from mfa import proof
from mfa.authlog import doubles
from mfa.models import Application, AuditEvent, AuthenticationRecord, Remembered, RememberRule
from mfa.outcomes import OATH_VERIFIED, REMEMBERED
from mfa.verification import log
from tests.mfa.test_foreign_log import LOG

RECORDS = "/admin/mfa/authenticationrecord/"
RULES = "/admin/mfa/rememberrule/"


@pytest.fixture
def vpn(db: None) -> Application:
    return Application.objects.create(slug="vpn", name="VPN", address_attribute="address")


def write(user: User, seconds: int = 0, result: Any = OATH_VERIFIED, **more: Any) -> None:
    fields = {"application": "vpn", "gateway": "vpn-1", "address": "198.51.100.7", "kind": "totp"} | more
    log.write(
        user, user.username, result, now=timezone.now() - timedelta(hours=1) + timedelta(seconds=seconds), **fields
    )


def listed(client: Client, query: str) -> set[str]:
    answer = client.get(f"{RECORDS}?{query}", secure=True)
    assert answer.status_code == 200
    return {row.gateway for row in answer.context["cl"].result_list}


def test_the_log_is_filtered_by_application_gateway_door_and_rule(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    write(alice, gateway="a")
    write(alice, gateway="b", application="mail", result=REMEMBERED, rule="Minute")
    write(alice, gateway="", application="portal")
    AuthenticationRecord.objects.filter(gateway="a").update(request_id="radius-0123456789abcdef")
    client = staff("auditor")
    assert listed(client, "where=vpn") == {"a"}
    assert listed(client, "gateway_is=b") == {"b"}
    assert listed(client, "door=radius") == {"a"}
    assert listed(client, "door=https") == {"b"}
    assert listed(client, "door=portal") == {""}
    assert listed(client, "rule_is=*") == listed(client, "rule_is=Minute") == {"b"}
    assert listed(client, "q=radius-0123456789abcdef") == {"a"}
    assert listed(client, "door=x") == {"a", "b", ""}


def test_the_page_of_double_prompts_costs_a_fixed_number_of_queries(
    staff: Callable[..., Client], alice: User, make_user: Callable[..., User], vpn: Application
) -> None:
    client = staff("auditor")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(f"{RECORDS}doubles/?days=1&seconds=300", secure=True)
        assert "Make this rule" not in answer.content.decode(), "an auditor only looks"
        return len(seen)

    write(alice, 0)
    write(alice, 9)
    queries()  # the first one reads what is kept in the process
    few = queries()
    for user in (alice, User.objects.create(username="bob")):
        for seconds in range(10, 400, 9):
            write(user, seconds)
    assert queries() == few


def test_the_button_that_makes_a_rule_needs_a_fresh_proof_and_leads_to_its_form_afterwards(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    write(alice, 0)
    write(alice, 9)
    client = staff("admin")
    (offer,) = client.get(f"{RECORDS}doubles/?days=1&seconds=60", secure=True).context["offers"]
    session = client.session
    proof.forget(session)
    session.save()
    answer = client.post(offer.url, offer.fields, secure=True)
    assert not RememberRule.objects.exists()
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["next"] == [offer.url]


def test_only_so_many_verifications_are_looked_at(
    alice: User, vpn: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubles, "MOST_VERIFICATIONS", 3)
    since = timezone.now() - timedelta(days=1)
    write(alice, 0)
    assert doubles.bounded(since) == since
    for seconds in (10, 20, 30):
        write(alice, seconds)
    assert doubles.verified(doubles.bounded(since)).count() == 3


@pytest.mark.row("A-1.2.10")
@pytest.mark.parametrize("way", ["text", "file"])
def test_a_foreign_log_is_explained_escaped_and_kept_nowhere(way: str, staff: Callable[..., Client]) -> None:
    lines = LOG + "2024-05-06T08:00:00|i|1|9|pfsvc|Calling pfAuthUser('=<script>x', '', 1)\n"
    client = staff("auditor")

    def post(**more: str) -> Any:
        sent = lines if way == "text" else SimpleUploadedFile("radius.log", lines.encode())
        return client.post(f"{RECORDS}explain/", {way: sent, "seconds": "60", **more}, secure=True)

    before = AuthenticationRecord.objects.count()
    page = post().content.decode()
    assert "Mobile App Denied" in page
    assert "15 s after" in page
    assert "asked twice: 1." in page
    assert "<script>x" not in page
    rows = list(csv.reader(io.StringIO(b"".join(post(do="csv")).decode())))
    assert rows[1][1:4] == [r"EXAMPLE\alice", "21", "Mobile App Authenticated"]
    assert rows[-1][1] == "'=<script>x"
    assert AuthenticationRecord.objects.count() == before


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"text": "nothing"}, 422, "No line has the form"),
        ({}, 422, "Choose a file, or paste lines of the log."),
        ({"text": LOG, "seconds": "0"}, 422, "greater than or equal to 1"),
        ({"text": "x" * 80_001}, 422, "These are more than 80,000 characters. Choose the log as a file."),
        ({"text": "ж" * 80_000}, 413, "Choose the log as a file of at most 2.5 MB."),
        ({"text": "x" * 5_000_000}, 413, "manage.py explain_log FILE"),
        ({"file": 2_500_001}, 422, "manage.py explain_log FILE"),
        ({"file": 6_000_000}, 422, "larger than 2.5 MB"),
        ({"file": 2_499_999}, 422, "No line has the form"),
    ],
)
def test_a_log_of_another_form_or_size_is_refused_in_words(
    sent: dict[str, Any], status: int, words: str, staff: Callable[..., Client]
) -> None:
    client = staff("auditor")
    if "file" in sent:
        sent = {"file": SimpleUploadedFile("large.log", b"x" * sent["file"])}
    answer = client.post(f"{RECORDS}explain/", {"seconds": "60"} | sent, secure=True)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert "reading" not in answer.context


def test_limits_of_a_foreign_log_are_said_beforehand_and_no_browser_cuts_what_is_pasted(
    staff: Callable[..., Client],
) -> None:
    page = staff("auditor").get(f"{RECORDS}explain/", secure=True).content.decode()
    for words in ("At most 2.5 MB", "At most 80,000 characters", "manage.py explain_log FILE"):
        assert words in page
    assert "maxlength" not in page


def test_ending_a_rule_and_forgetting_take_a_reason_and_are_audited(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    rule = RememberRule.objects.create(name="Minute", scope="user", seconds=60)
    soon = timezone.now() + timedelta(minutes=1)
    client = staff("admin")
    for act, action in (("forget", "remember-rule.forgotten"), ("end", "remember-rule.changed")):
        Remembered.objects.create(rule=rule, user=alice, kind="totp", epoch=0, until=soon)
        assert client.post(f"{RULES}{rule.pk}/{act}/", {"reason": ""}, secure=True).status_code == 422
        assert Remembered.objects.exists()
        client.post(f"{RULES}{rule.pk}/{act}/", {"reason": "Test"}, secure=True)
        assert not Remembered.objects.exists()
        assert AuditEvent.objects.get(action=action).reason == "Test"
    rule.refresh_from_db()
    assert not rule.active


@pytest.mark.parametrize(
    "query",
    [
        "person=alice&application=x",
        "person=&application=1",
        "person=alice&application=1&address=a",
        "at=x",
        "person=alice&application={vpn}&at=9999-12-31T23:59",
        "person=alice&application={vpn}&at=0001-01-01T00:00",
    ],
)
def test_a_case_that_makes_no_sense_is_refused_in_words(
    query: str, staff: Callable[..., Client], vpn: Application
) -> None:
    answer = staff("auditor").get(f"{RECORDS}simulate/?{query.format(vpn=vpn.pk)}", secure=True)
    assert answer.status_code in (200, 422)
    assert "found" not in answer.context


def test_the_simulator_leads_to_the_person_however_the_name_is_typed(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    page = staff("auditor").get(f"{RECORDS}simulate/?person=%20Alice&application={vpn.pk}", secure=True)
    assert page.context["person"] == alice


def test_the_simulator_names_the_rule_and_the_attributes_of_an_acceptance(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    Application.objects.filter(pk=vpn.pk).update(reply_attributes={"": {"Filter-Id": "staff"}})
    rule = RememberRule.objects.create(name="Minute", scope="user", seconds=60)
    now = timezone.now()
    Remembered.objects.create(
        rule=rule, user=alice, kind="totp", epoch=alice.security_epoch, at=now, until=now + timedelta(minutes=1)
    )
    client, before = staff("auditor"), AuthenticationRecord.objects.count()
    page = client.get(f"{RECORDS}simulate/?person=alice&application={vpn.pk}", secure=True).content.decode()
    assert all(words in page for words in ("Accepted without a code", "Minute", "Filter-Id", "staff"))
    later = f"{timezone.localtime(now + timedelta(hours=1)):%Y-%m-%dT%H:%M}"
    query = f"person=alice&application={vpn.pk}&at={later}"
    assert "Refused" in client.get(f"{RECORDS}simulate/?{query}", secure=True).content.decode()
    assert AuthenticationRecord.objects.count() == before
