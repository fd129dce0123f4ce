"""A hardware token from the manufacturer's file to its use and its loss, through the pages of all who handle it."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_otp.oath import hotp, totp

from accounts.models import User
from mfa.models import AuditEvent, Delivery, Factor, HardwareToken
from tests.mfa.doors import give_role
from tests.mfa.tokens.samples import RFC_6030_FIGURE_6, RFC_6030_KEY, SEED, package, pskc
from tests.stories import acting


def browser() -> Client:
    return Client(headers={"host": "portal.test"})


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def staff(make_user: Callable[..., User]) -> Callable[[str], Client]:
    """A colleague with this role, signed in with an app."""

    def enter(role: str) -> Client:
        user = make_user(f"the-{role}")
        client = browser()
        acting.with_app(client, user)
        give_role(user, role)
        return client

    return enter


def bring(admin: Client, data: bytes, unlock: str = "") -> str:
    """Read a file, look, and import it."""
    file = SimpleUploadedFile("tokens.xml", data)
    answer = admin.post("/admin/mfa/hardwaretoken/import/", {"file": file, "unlock": unlock}, secure=True)
    assert answer.status_code == 302, text(answer)
    preview = answer.headers["Location"]
    assert "New: 1" in text(admin.get(preview, secure=True))
    return text(admin.post(preview, secure=True, follow=True))


def button(presses: int) -> str:
    return f"{hotp(SEED, presses - 1, 8):08d}"


def test_from_the_file_to_the_hand_to_the_loss(client: Client, alice: User, staff: Callable[[str], Client]) -> None:
    admin, helpdesk = staff("admin"), staff("helpdesk")
    assert "1 token was imported." in bring(admin, RFC_6030_FIGURE_6.encode(), RFC_6030_KEY)

    order = {
        "people": str(alice.pk),
        "reason": "First day",
        "identity": "in-person",
        "ticket": "INC-7",
        "serial": "987654321",
    }
    given = text(helpdesk.post("/admin/accounts/user/act/assign-token/", order, secure=True, follow=True))
    assert "The token was assigned." in given
    assert Delivery.objects.filter(user=alice, template="factor-added").exists()

    acting.give_password(client, "alice")
    assert "Code from your hardware token" in text(client.get("/sign-in/code/", secure=True))
    assert acting.give_code(client, button(1), "token").status_code == 302
    assert "serial 987654321" in text(client.get("/", secure=True))

    again = browser()
    acting.give_password(again, "alice")
    assert "used already" in text(acting.give_code(again, button(1), "token"))
    assert "The token is ahead" in text(acting.give_code(again, button(60), "token"))
    assert acting.give_code(again, button(61) + button(62), "token").status_code == 302

    token = HardwareToken.objects.get()
    lost = {"reason": "left in a train, says the owner"}
    page = text(helpdesk.post(f"/admin/mfa/hardwaretoken/{token.pk}/do/lost/", lost, secure=True, follow=True))
    assert "marked as lost" in page
    assert client.get("/history/", secure=True).status_code == 302
    late = browser()
    acting.give_password(late, "alice")
    assert late.get("/", secure=True).headers["Location"].startswith("/activation/")
    assert Delivery.objects.filter(user=alice, template="factor-removed").exists()
    trail = AuditEvent.objects.filter(action__startswith="token").order_by("pk").values_list("action", flat=True)
    assert list(trail) == ["tokens.read", "tokens.imported", "token.assigned", "token.taken-back", "token.lost"]


def test_a_person_takes_a_token_from_stock_and_gives_it_back(
    client: Client, alice: User, staff: Callable[[str], Client]
) -> None:
    acting.with_app(client, alice)
    assert "/token/add/" not in text(client.get("/", secure=True))
    bring(staff("admin"), pskc(package("AB-77", "totp")))
    assert "/token/add/" in text(client.get("/", secure=True))

    wrong = client.post("/token/add/", {"serial": "AB-78", "code": f"{totp(SEED):06d}"}, secure=True)
    assert wrong.status_code == 422
    assert "do not belong together" in text(wrong)
    right = client.post("/token/add/", {"serial": "ab 77", "code": f"{totp(SEED):06d}"}, secure=True, follow=True)
    assert "The token is yours now." in text(right)
    assert "serial AB77" in text(right)

    factor = Factor.objects.get(user=alice, kind="token")
    renamed = client.post(f"/token/{factor.pk}/rename/", {"name": "Key ring"}, secure=True, follow=True)
    assert "It is called “Key ring” now." in text(renamed)
    back = client.post(f"/token/{factor.pk}/remove/", secure=True, follow=True)
    assert "“Key ring” is removed" in text(back)
    assert client.get("/history/", secure=True).status_code == 200
    assert "in stock" in text(staff("helpdesk").get("/admin/mfa/hardwaretoken/", secure=True))


def test_a_token_may_be_the_first_factor_of_whoever_must_have_one(
    client: Client, alice: User, staff: Callable[[str], Client]
) -> None:
    bring(staff("admin"), pskc(package("1")))
    give_role(alice, "auditor")
    acting.give_password(client, "alice")
    assert "/token/add/" in text(client.get("/enrol/", secure=True))
    code = f"{hotp(SEED, 0):06d}"
    answer = client.post("/token/add/", {"serial": "1", "code": code}, secure=True, follow=True)
    assert "The token is yours now." in text(answer)
    assert client.get("/history/", secure=True).status_code == 200
