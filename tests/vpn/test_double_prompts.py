"""Asked twice at a real gateway; an admin makes the rule that the log proposes, and the second question is gone."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from mfa.models import Application, AuthenticationRecord, Factor, RememberRule
from mfa.outcomes import REMEMBERED_AT_ADDRESS
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.services.servers.freeradius import FreeRadius
from tests.stories.authenticator import Phone
from tests.vpn.test_attacks import HOME, first, then

DOUBLES = "/admin/mfa/authenticationrecord/doubles/?days=1&seconds=60"
OTHER_KEY = b"another secret of 20"


@pytest.fixture
def other_phone(phone: Phone) -> Phone:
    """A second app of Alice's, so that she has two codes at the same moment."""
    state = {"algorithm": "SHA1", "digits": 6, "period": 30}
    app = Factor(user=User.objects.get(username="alice"), kind="totp", name="Tablet", confirmed=True, state=state)
    app.seal(OTHER_KEY)
    app.save()
    return Phone(OTHER_KEY, "alice")


def test_who_is_asked_twice_within_seconds_is_asked_once_after_the_proposed_rule(
    radius: FreeRadius, vpn: Application, phone: Phone, other_phone: Phone, client: Client
) -> None:
    Application.objects.update(address_attribute="Calling-Station-Id")
    for code in (phone.code(), other_phone.code()):
        asked = first(radius, HOME)
        assert asked.packet == "Access-Challenge"
        assert then(radius, code, asked, HOME).packet == "Access-Accept"

    make_the_proposed_rule(client)
    assert then(radius, phone.code(steps=1), first(radius, HOME), HOME).packet == "Access-Accept"
    assert first(radius, HOME).packet == "Access-Accept"
    record = AuthenticationRecord.objects.latest("pk")
    assert (record.code, record.rule) == (REMEMBERED_AT_ADDRESS.code, RememberRule.objects.get().name)
    assert first(radius, "203.0.113.9").packet == "Access-Challenge"  # from elsewhere


def make_the_proposed_rule(client: Client) -> None:
    root = User.objects.create_user("root", email="root@example.test")
    admin = give_role(root, "admin")
    sign_in(client, admin, add_factor(admin))
    page = client.get(DOUBLES, secure=True).content.decode()
    assert "spared 1 of 2 prompts in these days. People: 1. Gateways: 1." in page
    (link,) = re.findall(r'href="(/admin/mfa/rememberrule/add/[^"]*)"', page)
    form = client.get(unescape(link), secure=True).context["form"]
    typed = {name: form[name].value() for name in ("name", "scope", "application", "kind", "seconds", "reason")}
    assert typed["reason"] == "Asked twice: it would have spared 1 of 2 prompts."
    client.post(unescape(link), typed | {"active": "on", "seconds": "45"}, secure=True)
    assert RememberRule.objects.get().seconds == 45
    assert RememberRule.objects.get().scope == "address"
