"""Somebody is asked twice at the VPN; an admin finds it in the log, makes the proposed rule, and it is gone. Before
that the admin reads what the old RADIUS server wrote about the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.authlog import results
from mfa.models import Application, AuditEvent, AuthenticationRecord, RememberRule
from mfa.outcomes import OATH_INCORRECT, OATH_VERIFIED, REMEMBERED_AT_ADDRESS
from mfa.verification import log
from tests.conftest import PASSWORD
from tests.mfa.doors import SECRET, add_factor, give_role, sign_in
from tests.mfa.test_foreign_log import LOG as FOREIGN_LOG
from tests.stories.authenticator import Phone

ADDRESS = "198.51.100.7"
RECORDS = "/admin/mfa/authenticationrecord/"


def ask(client: Client, path: str, key: str, **body: str) -> bool:
    question = {"username": "alice", "password": PASSWORD, "address": ADDRESS, "gateway": "vpn-1"} | body
    answer = client.post(
        f"/api/v1/{path}", json.dumps(question), content_type="application/json", secure=True,
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    return bool(answer.json()["accepted"])


def test_the_log_of_the_old_server_is_read_in_words_and_its_double_prompts_are_marked(
    client: Client, make_user: Callable[..., User]
) -> None:
    """The numbers of its results are those of the log here."""
    admin = give_role(make_user("root"), "admin")
    sign_in(client, admin, add_factor(admin))
    answer = client.post(f"{RECORDS}explain/", {"text": FOREIGN_LOG, "seconds": "60"}, secure=True)
    page = answer.content.decode()
    for words in ("Mobile App Authenticated", "Mobile App Denied", "15 s after", "asked twice: 1."):
        assert words in page, words
    user = make_user("alice")
    log.write(user, "alice", OATH_INCORRECT, application="vpn", address=ADDRESS, kind="totp", now=timezone.now())
    page = client.get(RECORDS, secure=True).content.decode()
    assert str(OATH_INCORRECT.code) in page
    assert results.meaning(OATH_INCORRECT.code) in page


@pytest.mark.row("T-32")
def test_a_double_prompt_is_found_its_rule_is_made_and_it_is_gone(
    client: Client, make_user: Callable[..., User]
) -> None:
    alice, admin = make_user("alice"), give_role(make_user("root"), "admin")
    add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    vpn = Application.objects.create(slug="vpn", name="VPN", address_attribute="address")
    now = timezone.now()
    key = clients.issue(
        vpn, verbs=[Verb.VERIFY, Verb.CHALLENGE], networks=["127.0.0.0/8"], expires_at=now + timedelta(days=9),
        actor=admin, now=now,
    )  # fmt: skip
    for minutes, seconds in ((120, 0), (120, 9), (60, 0), (60, 14)):
        log.write(
            alice, "alice", OATH_VERIFIED, application="vpn", gateway="vpn-1", address=ADDRESS, kind="totp",
            now=now - timedelta(minutes=minutes) + timedelta(seconds=seconds),
        )  # fmt: skip

    sign_in(client, admin, add_factor(admin))
    page = client.get("/admin/mfa/authenticationrecord/doubles/?days=1&seconds=60", secure=True).content.decode()
    assert "It would have spared 2 of 4 prompts in these days. People: 1. Gateways: 1." in page
    (form,) = re.findall(r'<form[^>]*action="(/admin/mfa/rememberrule/add/[^"]*)"(.*?)</form>', page, re.DOTALL)
    fields = re.findall(r'<input type="hidden" name="(?!csrf)([^"]*)" value="([^"]*)">', form[1])
    made = client.post(unescape(form[0]), {name: unescape(value) for name, value in fields}, secure=True)
    rule = RememberRule.objects.get()
    assert made.headers["location"] == f"/admin/mfa/rememberrule/{rule.pk}/change/"
    assert (rule.scope, rule.application, rule.kind, rule.seconds) == ("address", vpn, "totp", 30)
    assert AuditEvent.objects.get(action="remember-rule.added").reason == (
        "Asked twice: it would have spared 2 of 4 prompts."
    )
    page = client.get("/admin/mfa/authenticationrecord/doubles/?days=1&seconds=60", secure=True).content.decode()
    assert f"/admin/mfa/rememberrule/{rule.pk}/change/" in page

    assert ask(Client(), "verify", key, code=Phone(SECRET, "alice").code())
    assert ask(Client(), "challenge", key), "not asked again"
    record = AuthenticationRecord.objects.latest("pk")
    assert (record.code, record.rule) == (REMEMBERED_AT_ADDRESS.code, rule.name)
    assert not ask(Client(), "challenge", key, address="203.0.113.9"), "asked from elsewhere"
    assert not ask(Client(), "challenge", key, password="wrong")
