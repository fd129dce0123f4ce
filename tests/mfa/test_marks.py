"""What is to be known of a kind stands beside its label wherever it is had, offered or decided about."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from mfa.models import Application
from tests.mfa.doors import add_factor, sign_in

PAGES = "/admin/mfa/application/"


@pytest.mark.row("N-13")
def test_its_owner_reads_it_on_the_card_and_before_adding_one(client: Client, alice: User) -> None:
    """In German too, since owners read it."""
    sign_in(client, alice, add_factor(alice))
    assert "restricted" in (page := client.get("/", secure=True).content.decode()), page
    User.objects.filter(pk=alice.pk).update(phone="+4917012345678", phone_source="self", language="de")
    page = client.get("/", secure=True).content.decode()
    card = page[page.index("<h3>SMS</h3>") :]
    assert "eingeschränkt sicher" in card[: card.index("</article>")]
    assert "eingeschränkt sicher" not in page[page.index('class="card factor') : page.index("<h3>SMS</h3>")]


@pytest.mark.row("N-13")
def test_an_admin_reads_it_where_kinds_are_chosen_listed_and_had(staff: Callable[..., Client], alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(phone="+4917012345678", phone_source="self")
    vpn = Application.objects.create(slug="vpn", name="VPN", kinds=["totp", "sms", "motp"])
    client = staff("admin")
    for path in (PAGES, f"{PAGES}add/", f"{PAGES}{vpn.pk}/change/", "/admin/mfa/rule/add/"):
        page = client.get(path, secure=True).content.decode()
        assert "SMS (restricted)" in page, path
        assert "Authenticator app (" not in page, path
    person = client.get(f"/admin/accounts/user/{alice.pk}/change/", secure=True).content.decode()
    assert "restricted</span>" in person
