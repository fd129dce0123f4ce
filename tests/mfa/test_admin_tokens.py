"""Hardware tokens in the admin: found, imported after a look, given out, taken back; never their secrets."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa.models import AuditEvent, Delivery, Factor, HardwareToken, TokenBatch
from mfa.tokens import files, stock
from tests.mfa.doors import add_factor, give_role, read_back
from tests.mfa.tokens.samples import RFC_6030_FIGURE_6, RFC_6030_KEY, SEED, csv
from tests.mfa.tokens.shelf import is_free, put

LIST = "/admin/mfa/hardwaretoken/"
ACT = "/admin/accounts/user/act/assign-token/"


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def page(client: Client, path: str) -> str:
    answer = client.get(path, secure=True)
    assert answer.status_code == 200, path
    return text(answer)


def upload(client: Client, data: bytes, **typed: str) -> Any:
    return client.post(f"{LIST}import/", {"file": SimpleUploadedFile("stock.csv", data)} | typed, secure=True)


def hold(user: User, token: HardwareToken) -> None:
    stock.assign(user, token.serial, actor=user, reason="x", now=timezone.now())


def test_the_list_says_where_each_token_is_and_finds_it_by_serial_and_holder(
    staff: Callable[..., Client], alice: User
) -> None:
    hold(alice, put("AB1001"))
    put("AB1002", method="totp", manufacturer="Acme")
    put("AB1003", lost_at=timezone.now())
    client = staff("auditor")
    everything = page(client, LIST)
    assert all(serial in everything for serial in ("AB1001", "AB1002", "AB1003"))
    assert "alice" in everything
    for query, found in (
        ("?q=ab-1002", {"AB1002"}), ("?q=1003", {"AB1003"}), ("?q=ALICE", {"AB1001"}), ("?where=stock", {"AB1002"}),
        ("?where=held", {"AB1001"}), ("?where=lost", {"AB1003"}), ("?method__exact=totp", {"AB1002"}),
    ):  # fmt: skip
        shown = page(client, LIST + query)
        assert {serial for serial in ("AB1001", "AB1002", "AB1003") if f">{serial}<" in shown} == found, query


def test_a_long_list_has_pages_and_asks_the_database_a_fixed_number_of_times(
    staff: Callable[..., Client], alice: User
) -> None:
    client = staff("admin")
    hold(alice, put("1"))
    page(client, LIST)
    with CaptureQueriesContext(connection) as few:
        page(client, LIST)
    for number in range(2, 62):
        put(str(number))
    with CaptureQueriesContext(connection) as many:
        page(client, LIST)
    assert len(many) <= len(few) + 1
    assert "p=2" in page(client, LIST)


@pytest.mark.row("T-58")
def test_no_page_and_no_filter_tells_a_secret(staff: Callable[..., Client], alice: User) -> None:
    token = put("1001")
    hold(alice, token)
    client = staff("admin")
    shown = page(client, LIST) + page(client, f"{LIST}{token.pk}/change/")
    for form in (SEED.hex(), SEED.decode(), token.secret, "GEZDGNBV"):
        assert form not in shown
    for query in ("?secret__startswith=t1", "?state__counter=0", "?key__startswith=a"):
        assert client.get(LIST + query, secure=True).status_code in (302, 400)


def test_a_file_is_looked_at_before_it_is_written(staff: Callable[..., Client]) -> None:
    put("7")
    client = staff("admin")
    answer = upload(client, csv("1", "2", "7") + b"\n3,00,hotp")
    preview = answer.headers["Location"]
    shown = page(client, preview)
    assert "New: 2" in shown
    assert "Known already: 1" in shown
    assert "Refused: 1" in shown
    assert SEED.hex() not in shown
    assert "shorter than 14 bytes" in page(client, f"{preview}?show=refused")
    assert HardwareToken.objects.count() == 1
    answer = client.post(preview, secure=True, follow=True)
    assert "2 tokens were imported." in text(answer)
    assert set(HardwareToken.objects.values_list("serial", flat=True)) == {"1", "2", "7"}
    again = client.post(preview, secure=True, follow=True)
    assert "This file does not wait any more" in text(again)
    assert HardwareToken.objects.count() == 3


def test_an_encrypted_file_needs_its_key(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    data = RFC_6030_FIGURE_6.encode()
    assert "The file is encrypted." in text(upload(client, data))
    assert "does not open with this password or key" in text(upload(client, data, unlock="0" * 32))
    assert upload(client, data, unlock=RFC_6030_KEY).status_code == 302


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This file is empty."),
        (b"x" * (files.LARGEST + 1), "at most 2.5 MB"),
        (b"<!DOCTYPE x><KeyContainer/>", "declares a document type"),
        (b"a,b\n1,2\n", "The first line must name the columns"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(staff: Callable[..., Client], data: bytes, words: str) -> None:
    answer = upload(staff("admin"), data)
    assert answer.status_code == 422
    assert words in text(answer)
    assert not TokenBatch.objects.exists()


def test_a_file_is_seen_only_by_who_read_it(staff: Callable[..., Client], make_user: Callable[..., User]) -> None:
    preview = upload(staff("admin"), csv("1")).headers["Location"]
    other = staff("helpdesk")
    assert other.get(preview, secure=True).status_code == 403
    batch = TokenBatch.objects.get()
    TokenBatch.objects.update(imported_by=make_user("somebody"))
    colleague = staff("auditor")
    give_role(User.objects.get(username="auditor-person"), "admin")
    assert colleague.get(preview, secure=True).headers["Location"] == f"{LIST}import/"
    assert colleague.post(preview, secure=True).headers["Location"] == f"{LIST}import/"
    assert not HardwareToken.objects.filter(batch=batch).exists()


def test_a_token_is_given_out_on_the_persons_page(staff: Callable[..., Client], alice: User) -> None:
    put("1001")
    client = staff("helpdesk")
    assert ACT in page(client, f"/admin/accounts/user/{alice.pk}/change/")
    form = {
        "people": str(alice.pk),
        "reason": "First day",
        "identity": "in-person",
        "ticket": "INC-7",
        "serial": "10-01",
    }
    answer = client.post(ACT, form, secure=True, follow=True)
    assert "The token was assigned. 1 person." in text(answer)
    assert "serial 1001" in text(answer)
    assert Factor.objects.get(user=alice).kind == "token"
    assert "approve it first" in text(client.post(ACT, form, secure=True, follow=True)), "no longer the first"
    read_back(User.objects.get(username="helpdesk-person"), alice)
    again = client.post(ACT, form, secure=True, follow=True)
    assert "No token with this serial number is in stock." in text(again)
    assert AuditEvent.objects.get(action="token.assigned").reason == "First day"
    assert AuditEvent.objects.get(action="identity.checked").details == {"ticket": "INC-7", "identity": "in-person"}


@pytest.mark.row("T-59")
def test_helpdesk_neither_gives_tokens_to_staff_nor_takes_them(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    boss, token = give_role(make_user("boss"), "admin"), put("1001")
    client = staff("helpdesk")
    form = {"people": str(boss.pk), "reason": "x", "identity": "in-person", "ticket": "INC-7", "serial": "1001"}
    client.post(ACT, form, secure=True)
    assert not Factor.objects.filter(user=boss).exists()
    hold(boss, token)
    for act in ("take-back", "lost"):
        answer = client.post(f"{LIST}{token.pk}/do/{act}/", {"reason": "x"}, secure=True, follow=True)
        assert "only an admin may act on the account" in text(answer)
    assert Factor.objects.filter(user=boss).exists()
    assert stock.holder(token)


@pytest.mark.row("T-59")
def test_helpdesk_alone_gives_no_token_to_whoever_can_be_asked_by_a_number_already(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    """One of the directory works without a row, and without ever having been used."""
    bob = make_user("bob", phone="+491701234567", phone_source="directory")
    put("1001")
    order = {"people": str(bob.pk), "reason": "x", "identity": "in-person", "ticket": "INC-7", "serial": "1001"}
    client = staff("helpdesk")
    assert "Check the caller, or have a second person" in text(client.post(ACT, order, secure=True, follow=True))
    assert is_free("1001")
    read_back(User.objects.get(username="helpdesk-person"), bob)
    assert "The token was assigned." in text(client.post(ACT, order, secure=True, follow=True))


def test_a_token_is_taken_back_lost_and_found_each_with_a_reason(staff: Callable[..., Client], alice: User) -> None:
    token = put("1001")
    add_factor(alice)
    hold(alice, token)
    client = staff("helpdesk")

    def act(name: str, reason: str = "because") -> str:
        return text(client.post(f"{LIST}{token.pk}/do/{name}/", {"reason": reason}, secure=True, follow=True))

    assert "Say why" in act("take-back", "")
    assert stock.holder(token)
    assert "The token is back in stock." in act("take-back")
    assert stock.holder(token) is None
    assert "marked as lost" in act("lost")
    assert "Put it back into stock" in page(client, f"{LIST}{token.pk}/change/")
    assert "The token is back in stock." in act("found")
    assert is_free("1001")
    assert client.post(f"{LIST}{token.pk}/do/explode/", {"reason": "x"}, secure=True).status_code == 404


@pytest.mark.row("T-59")
@pytest.mark.parametrize("act", ["take-back", "lost"])
def test_whoever_takes_too_many_tokens_away_is_stopped_and_an_alarm_goes_out(
    staff: Callable[..., Client], make_user: Callable[..., User], settings: Settings, act: str
) -> None:
    """It is a reset of those who have nothing else; a token in stock is nobody's, and found ones are no loss."""
    settings.HELPDESK_RESETS_PER_DAY, settings.ALARM_MAIL = 1, ["team@example.test"]
    tokens = [put("1001"), put("1002"), put("1003")]
    for name, token in zip(("p1", "p2"), tokens, strict=False):
        hold(make_user(name), token)
    client = staff("helpdesk")

    def told(token: HardwareToken, act: str) -> str:
        return text(client.post(f"{LIST}{token.pk}/do/{act}/", {"reason": "because"}, secure=True, follow=True))

    assert "Too many resets" not in told(tokens[0], act)
    assert "Too many resets in 24 hours. Ask an admin, who has been told." in told(tokens[1], act)
    assert stock.holder(tokens[1])
    assert Delivery.objects.filter(template="helpdesk-stopped").count() == 1
    assert "marked as lost" in told(tokens[2], "lost")
    assert "back in stock" in told(tokens[2], "found")


@pytest.mark.parametrize("pk", ["0", "999", "x", "9" * 30])
def test_a_token_that_is_none_has_no_page(staff: Callable[..., Client], pk: str) -> None:
    assert staff("admin").get(f"{LIST}{pk}/change/", secure=True).status_code == 404
