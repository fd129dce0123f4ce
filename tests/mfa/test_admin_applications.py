from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import NotAllowed, Verb
from mfa.models import Application, ApplicationKey, AuditEvent
from mfa.outcomes import CODE_PENDING, OATH_INCORRECT, OATH_VERIFIED
from mfa.verification import log
from tests.answers import Answer

Staff = Callable[..., Client]
LIST = "/admin/mfa/application/"
FORM = {
    "name": "Office VPN", "slug": "vpn", "mode": "password-then-code", "separator": "", "code_length": "6",
    "cool_down_hours": "0",
    "kinds": ["totp"], "address_attribute": "", "active": "on", "reason": "new gateway",
    "reply_attributes": "Filter-Id = staff\nengineers: Filter-Id = vpn-eng",
}  # fmt: skip


@pytest.fixture
def vpn(db: None) -> Application:
    return Application.objects.create(slug="vpn", name="Office VPN")


def post(client: Client, path: str, **fields: object) -> Answer:
    return client.post(LIST + path, fields, secure=True)


def make_key(client: Client, row: Application, **changes: object) -> Answer:
    fields = {"verbs": ["radius"], "networks": "192.0.2.10, 198.51.100.0/24", "days": "30"} | changes
    return post(client, f"{row.pk}/key/", **fields)


def test_an_application_is_made_and_changed_on_record(staff: Staff) -> None:
    client = staff("admin")
    answer = post(client, "add/", **FORM)
    row = Application.objects.get()
    assert answer.headers["Location"] == f"{LIST}{row.pk}/change/"
    assert row.reply_attributes == {"": {"Filter-Id": "staff"}, "engineers": {"Filter-Id": "vpn-eng"}}
    post(client, f"{row.pk}/edit/", **FORM | {"mode": "code-only", "slug": "other", "reason": "gateway asks itself"})
    row.refresh_from_db()
    assert (row.mode, row.slug) == ("code-only", "vpn")
    changed = AuditEvent.objects.get(action="application.changed")
    assert changed.details == {"application": "vpn", "mode": ["password-then-code", "code-only"]}
    assert changed.reason == "gateway asks itself"


@pytest.mark.row("T-59")
def test_the_hours_after_a_reset_are_set_and_shown_on_record(staff: Staff, vpn: Application) -> None:
    client = staff("admin")
    page = f"{LIST}{vpn.pk}/change/"
    assert "taken at once" in client.get(page, secure=True).content.decode()
    post(client, f"{vpn.pk}/edit/", **FORM | {"cool_down_hours": "24"})
    changed = AuditEvent.objects.get(action="application.changed")
    assert changed.details["cool_down_hours"] == [0, 24]
    assert "taken 24 hours later" in client.get(page, secure=True).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reply_attributes", "Filter Id: x"),
        ("code_length", "99"),
        ("slug", "a b"),
        ("kinds", ["none"]),
        ("mode", "x"),
        ("cool_down_hours", "169"),
        ("cool_down_hours", "-1"),
        ("cool_down_hours", "1.5"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(staff: Staff, field: str, value: object) -> None:
    assert post(staff("admin"), "add/", **FORM | {field: value}).status_code == 422
    assert not Application.objects.exists()


@pytest.mark.row("T-64")
def test_a_key_is_shown_once_works_and_ends_when_it_is_revoked(staff: Staff, vpn: Application) -> None:
    client, now = staff("admin"), timezone.now()
    shown = make_key(client, vpn).content.decode()
    text = re.search(r'id="new-key"[^>]*>([^<]+)<', shown)[1]  # type: ignore[index]
    found = clients.authenticate(f"Bearer {text}", Verb.RADIUS, address="198.51.100.9", now=now)
    assert found.application == vpn
    assert text.partition(".")[2] not in client.get(f"{LIST}{vpn.pk}/change/", secure=True).content.decode()
    post(client, f"{vpn.pk}/key/{found.key.pk}/revoke/", reason="server gone")
    with pytest.raises(NotAllowed):
        clients.authenticate(f"Bearer {text}", Verb.RADIUS, address="198.51.100.9", now=now)


@pytest.mark.parametrize("networks", ["", "anywhere", "0.0.0.0/0", "::/0", "10.0.0.1/8"])
def test_a_key_is_bound_to_networks_that_are_some(staff: Staff, vpn: Application, networks: str) -> None:
    assert make_key(staff("admin"), vpn, networks=networks).status_code == 422
    assert not ApplicationKey.objects.exists()


def test_a_third_key_is_refused_with_what_to_do(staff: Staff, vpn: Application) -> None:
    client = staff("admin")
    assert [make_key(client, vpn).status_code for _ in range(3)] == [200, 200, 422]
    assert "Revoke one of them first." in make_key(client, vpn).content.decode()


def test_the_page_tells_how_it_fares_in_a_fixed_number_of_queries(staff: Staff, vpn: Application, alice: User) -> None:
    client, now = staff("auditor"), timezone.now()

    def ask(count: int) -> int:
        for number in range(count):
            for result in (OATH_VERIFIED, OATH_INCORRECT, CODE_PENDING):
                log.write(alice, "alice", result, application="vpn", address="", gateway=f"g{number}", now=now)
        with CaptureQueriesContext(connection) as asked:
            page = client.get(f"{LIST}{vpn.pk}/change/", secure=True).content.decode()
        assert "OATH Code Incorrect" in page
        return len(asked)

    assert ask(1) == ask(12)
    page = client.get(f"{LIST}{vpn.pk}/change/", secure=True)
    assert (page.context["accepted"], page.context["refused"], page.context["accepted_percent"]) == (13, 13, 50)
    assert page.context["causes"] == [(OATH_INCORRECT.code, OATH_INCORRECT.meaning, 13, 100)]
    assert "New key" not in page.content.decode()


def test_whoever_asks_with_a_key_that_does_not_work_is_listed(staff: Staff, vpn: Application) -> None:
    client, now = staff("auditor"), timezone.now()
    actor = User.objects.get(username="auditor-person")
    key = clients.issue(
        vpn, verbs=[Verb.RADIUS], networks=["192.0.2.0/24"], expires_at=now + timedelta(days=9), actor=actor, now=now
    )
    clients.revoke(ApplicationKey.objects.get(), actor=actor, reason="old", now=now)
    for text, address in ((key, "192.0.2.7"), (key, "192.0.2.7"), ("ab.cd", "203.0.113.5")):
        with pytest.raises(NotAllowed):
            clients.authenticate(f"Bearer {text}", Verb.RADIUS, address=address, now=now)
    page = client.get(LIST, secure=True).content.decode()
    assert page.count("192.0.2.7") == 1
    assert "203.0.113.5: no key that ever existed" in page
    (whole_list,) = re.findall(r'href="(/admin/mfa/auditevent/[^"]*)">All of them', page)
    assert client.get(unescape(whole_list), secure=True).context["cl"].result_count == 2


def test_keys_that_end_soon_and_right_keys_from_wrong_places_are_named(staff: Staff, vpn: Application) -> None:
    client, now = staff("admin"), timezone.now()
    actor = User.objects.get(username="admin-person")
    key = clients.issue(
        vpn, verbs=[Verb.RADIUS], networks=["192.0.2.0/24"], expires_at=now + timedelta(days=9), actor=actor, now=now
    )
    with pytest.raises(NotAllowed):
        clients.authenticate(f"Bearer {key}", Verb.RADIUS, address="203.0.113.66", now=now)
    page = client.get(f"{LIST}{vpn.pk}/change/", secure=True).content.decode()
    assert "expires on" in page
    assert "<td>FreeRADIUS in front of a VPN gateway</td>" in page
    assert "asked for “radius” from 203.0.113.66" in page


def test_what_is_copied_into_a_gateway_fits_what_the_application_takes(staff: Staff, vpn: Application) -> None:
    client, needs_one_field = staff("admin"), "It has no second prompt."
    page = client.get(f"{LIST}{vpn.pk}/change/", secure=True).content.decode()
    assert page.count(needs_one_field) == 2
    assert "static-challenge" in page
    Application.objects.update(mode="password-and-code")
    page = client.get(f"{LIST}{vpn.pk}/change/", secure=True).content.decode()
    assert needs_one_field not in page
    assert "static-challenge" not in page


def test_domains_are_kept_as_names_and_anything_else_is_refused(staff: Staff) -> None:
    client = staff("admin")
    post(client, "add/", **FORM | {"domains": "EXAMPLE, example.org example"})
    assert Application.objects.get().domains == ["example", "example.org"]
    assert post(client, "add/", **FORM | {"slug": "other", "domains": "a\\b"}).status_code == 422
    assert post(client, "add/", **FORM | {"slug": "other", "domains": "a@b"}).status_code == 422
    assert Application.objects.count() == 1


@pytest.mark.parametrize(("mode", "kinds", "warned"), [
    ("code-only", ["sms", "totp"], True), ("code-only", [], False), ("code-only", ["totp"], False),
    ("password-then-code", ["sms"], False),
])  # fmt: skip
def test_the_page_warns_where_messages_are_sent_to_whoever_is_named(
    staff: Staff, vpn: Application, mode: str, kinds: list[str], warned: bool
) -> None:
    Application.objects.update(mode=mode, kinds=kinds)
    page = staff("admin").get(f"{LIST}{vpn.pk}/change/", secure=True).content.decode()
    assert ("a message is sent to whoever is named" in page) is warned
    assert ("A code alone is one factor." in page) is (mode == "code-only")
