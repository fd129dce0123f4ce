"""mOTP over a VPN fails: the portal says why, and mends it in one step.

The router is an application that lists mOTP; the phone makes its codes with the same shell that routers run.
"""

from __future__ import annotations

import hashlib
import html
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.kinds import Answer
from mfa.models import Application, AuthenticationRecord, Delivery, Factor
from mfa.verification.service import Attempt, verify
from tests.conftest import PASSWORD
from tests.stories import acting

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@dataclass
class MotpPhone:
    """An app that keeps a secret and is told the PIN for each code."""

    secret: str
    late: int = 0

    def code(self, pin: str) -> str:
        text = f"{int(time.time() - self.late) // 10}{self.secret}{pin}"
        return hashlib.new("md5", text.encode(), usedforsecurity=False).hexdigest()[:6]


@pytest.fixture
def alice_in(client: Client, alice: User) -> Client:
    """Alice is signed in with her authenticator app; her router asks for mOTP."""
    Application.objects.create(slug="vpn", name="VPN router", kinds=["motp"])
    acting.with_app(client, alice)
    return client


def post(client: Client, path: str, **typed: str) -> Any:
    return client.post(path, typed, secure=True)


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def follow(client: Client, answer: Any) -> Any:
    assert answer.status_code == 302, text(answer)
    return client.get(answer.headers["Location"], secure=True)


def put_into(page: Any) -> MotpPhone:
    """Type the secret that the page shows into the app."""
    shown = re.search(r'<code id="secret-key">([^<]+)</code>', page.content.decode())
    assert shown is not None
    return MotpPhone(shown[1].replace(" ", ""))


def set_up(client: Client, pin: str = "1234", **typed: str) -> MotpPhone:
    fields = {"name": "Router", "pin": pin, "source": "32", "secret": ""} | typed
    page = follow(client, post(client, "/motp/add/", **fields))
    phone = MotpPhone(fields["secret"]) if fields["secret"] else put_into(page)
    answer = post(client, "/motp/confirm/", code=phone.code(pin))
    assert "“Router” is set up." in text(follow(client, answer))
    return phone


def router_accepts(user: User, code: str) -> bool:
    return verify(Attempt(user, Answer(code), "vpn", "203.0.113.9"), now=timezone.now()).accepted


def ask_over_http(application: Application, operator: User, username: str, code: str) -> bool:
    """What the router's own server asks, with the password first."""
    soon = timezone.now() + timedelta(days=1)
    key = clients.issue(
        application, verbs=tuple(clients.Verb), networks=("127.0.0.0/8",), expires_at=soon, actor=operator,
        now=timezone.now(),
    )  # fmt: skip
    answer = Client().post(
        "/api/v1/verify", {"username": username, "password": PASSWORD, "code": code}, secure=True,
        content_type="application/json", headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert answer.status_code == 200
    return bool(answer.json()["accepted"])


def pk() -> int:
    return int(Factor.objects.get(kind="motp", confirmed=True).pk)


def test_from_the_first_page_to_the_router(alice_in: Client, alice: User, clock: time_machine.Traveller) -> None:
    assert "/motp/add/" in text(alice_in.get("/", secure=True))
    phone = set_up(alice_in)
    assert len(phone.secret) == 32
    dashboard = text(alice_in.get("/", secure=True))
    assert "mOTP app" in dashboard
    assert "legacy" in dashboard
    assert Delivery.objects.filter(template="factor-added", recipient="alice@example.test").exists()
    clock.shift(60)
    code = phone.code("1234")
    assert router_accepts(alice, code)
    assert not router_accepts(alice, code)


@pytest.mark.row("A-11.4.1")
def test_over_http_only_a_router_that_lists_it_takes_it_and_user_names_have_no_case(
    alice_in: Client, alice: User, clock: time_machine.Traveller
) -> None:
    phone = set_up(alice_in)
    clock.shift(60)
    modern = Application.objects.create(slug="modern", name="Modern gateway")
    router = Application.objects.get(slug="vpn")
    assert not ask_over_http(modern, alice, "alice", phone.code("1234"))
    assert ask_over_http(router, alice, "ALICE", phone.code("1234"))
    assert not ask_over_http(router, alice, "alice", phone.code("1234"))


def test_the_secret_is_shown_until_the_first_code_and_never_after(alice_in: Client) -> None:
    page = follow(alice_in, post(alice_in, "/motp/add/", name="Router", pin="1234", source="16", secret=""))
    phone = put_into(page)
    assert len(phone.secret) == 16
    assert "<svg" in text(page)
    assert "no-store" in page.headers["Cache-Control"]
    wrong = post(alice_in, "/motp/confirm/", code="ffffff")
    assert wrong.status_code == 422
    assert "The secret or the PIN differs" in text(wrong)
    assert put_into(wrong).secret == phone.secret
    assert not Factor.objects.filter(kind="motp", confirmed=True).exists()
    post(alice_in, "/motp/confirm/", code=phone.code("1234"))
    for act in ("pin", "renew", "clock", "rename", "remove"):
        shown = alice_in.get(f"/motp/{pk()}/{act}/", secure=True).content.decode()
        assert phone.secret not in shown.replace(" ", "")


def test_a_secret_that_the_app_made_is_taken_and_not_shown_again(alice_in: Client, alice: User) -> None:
    fields = {"name": "Router", "pin": "1234", "source": "typed"}
    assert post(alice_in, "/motp/add/", **fields, secret="not hex").status_code == 422
    page = follow(alice_in, post(alice_in, "/motp/add/", **fields, secret="AAAA BBBB CCCC DDDD"))
    assert "secret-key" not in text(page)
    phone = MotpPhone("aaaabbbbccccdddd")
    post(alice_in, "/motp/confirm/", code=phone.code("1234"))
    assert pk()


@pytest.mark.parametrize("pin", ["", "123", "12345678901234567", "12ab"])
def test_a_pin_that_is_none_is_refused_and_not_shown(alice_in: Client, pin: str) -> None:
    answer = post(alice_in, "/motp/add/", name="Router", pin=pin, source="32", secret="")
    assert answer.status_code == 422
    assert f'value="{pin}"' not in text(answer) or pin == ""
    assert not Factor.objects.filter(kind="motp").exists()


def test_every_cause_of_a_wrong_code_is_told_where_arithmetic_can_tell(
    alice_in: Client, alice: User, clock: time_machine.Traveller
) -> None:
    phone = set_up(alice_in)
    clock.shift(600)
    page = "/test/?way=motp"

    def answer_to(code: str) -> str:
        answer = post(alice_in, page, code=code)
        return text(follow(alice_in, answer) if answer.status_code == 302 else answer)

    phone.late = 300
    assert re.search(r"clock is (29\d|30\d) seconds late", answer_to(phone.code("1234")))
    phone.late = -120
    assert re.search(r"clock is 1[12]\d seconds early", answer_to(phone.code("1234")))
    phone.late = 45
    assert "expired while it was typed" in answer_to(phone.code("1234"))
    phone.late = 0
    while phone.code("1234").isdigit():
        clock.shift(10)
    assert "typed in upper case" in answer_to(phone.code("1234").upper())
    assert "Right: “Router” works." in answer_to(phone.code("1234"))
    clock.shift(60)
    code = phone.code("1234")
    assert "Right:" in answer_to(code)
    assert "used already" in answer_to(code)
    differs = answer_to(phone.code("9999"))
    assert "The secret or the PIN differs" in differs
    assert f"/motp/{pk()}/pin/" in differs
    assert f"/motp/{pk()}/renew/" in differs
    assert "upper and lower case never matter here" in differs
    causes = AuthenticationRecord.objects.filter(user=alice, application="portal test").values_list("code", flat=True)
    assert set(causes) == {23, 139, 140, 1030, 1033, 1034}


def test_a_wrong_pin_is_mended_by_a_new_one_in_one_step(
    alice_in: Client, alice: User, clock: time_machine.Traveller
) -> None:
    phone = set_up(alice_in)
    clock.shift(60)
    page = f"/motp/{pk()}/pin/"
    answer = post(alice_in, page, pin="86420", code=phone.code("1234"))
    assert "The secret or the PIN differs" in text(answer)
    assert router_accepts(alice, phone.code("1234"))
    clock.shift(20)
    answer = post(alice_in, page, pin="86420", code=phone.code("86420"))
    assert "has the new PIN" in text(follow(alice_in, answer))
    assert alice_in.get("/history/", secure=True).status_code == 200
    clock.shift(20)
    assert not router_accepts(alice, phone.code("1234"))
    assert router_accepts(alice, phone.code("86420"))


@pytest.mark.parametrize("own", ["", "AAAA:BBBB:CCCC:DDDD"])
def test_a_lost_secret_is_mended_by_a_new_one_in_one_step_and_the_old_one_works_until_then(
    alice_in: Client, alice: User, clock: time_machine.Traveller, own: str
) -> None:
    old = set_up(alice_in, source="16")
    clock.shift(60)
    page = f"/motp/{pk()}/renew/"
    offered = put_into(shown := alice_in.get(page, secure=True))
    assert "no-store" in shown.headers["Cache-Control"]
    assert len(offered.secret) == 16, "as long as the app's present one"
    new = MotpPhone("aaaabbbbccccdddd") if own else offered
    wrong = post(alice_in, page, secret=offered.secret, own=own, code="ffffff")
    assert "The secret or the PIN differs" in text(wrong)
    assert put_into(wrong).secret == offered.secret
    assert router_accepts(alice, old.code("1234"))
    answer = post(alice_in, page, secret=offered.secret, own=own, code=new.code("1234"))
    assert "“Router” is set up." in text(follow(alice_in, answer))
    clock.shift(20)
    assert not router_accepts(alice, old.code("1234"))
    assert router_accepts(alice, new.code("1234"))
    assert "Second factor set up anew, the old one ended" in text(alice_in.get("/history/", secure=True))


@pytest.mark.parametrize("act", ["pin", "renew"])
def test_what_nobody_can_read_any_more_is_said_and_breaks_no_page(alice_in: Client, act: str) -> None:
    phone = set_up(alice_in)
    factor = Factor.objects.get(kind="motp")
    factor.seal(b"damaged")
    factor.save()
    typed = {"pin": "4321", "secret": "0" * 32, "own": "", "code": phone.code("1234")}
    answer = post(alice_in, f"/motp/{pk()}/{act}/", **typed)
    told = text(follow(alice_in, answer) if answer.status_code == 302 else answer)
    assert "This factor cannot be used now." in told


@pytest.mark.parametrize("secret", ["", "0123", "x" * 32, "0123456789ABCDEF", "0" * 17])
def test_a_secret_that_this_page_did_not_make_is_begun_anew(alice_in: Client, secret: str) -> None:
    phone = set_up(alice_in)
    page = f"/motp/{pk()}/renew/"
    assert post(alice_in, page, secret=secret, own="", code=phone.code("1234")).headers["Location"] == page
    assert post(alice_in, page, secret="0" * 32, own="not hex", code="ffffff").status_code == 422


def test_a_clock_that_cannot_be_set_is_adjusted_by_two_codes(
    alice_in: Client, alice: User, clock: time_machine.Traveller
) -> None:
    phone = set_up(alice_in)
    clock.shift(60)
    phone.late = -1500
    first = phone.code("1234")
    clock.shift(10)
    answer = post(alice_in, f"/motp/{pk()}/clock/", first=first, second=phone.code("1234"))
    assert "The clock of “Router” is adjusted." in text(follow(alice_in, answer))
    clock.shift(60)
    assert router_accepts(alice, phone.code("1234"))


@pytest.mark.row("A-11.4.1")
def test_it_never_signs_in_to_the_portal(alice_in: Client, alice: User, clock: time_machine.Traveller) -> None:
    phone = set_up(alice_in)
    clock.shift(60)
    elsewhere = Client(headers={"host": "portal.test"})
    acting.give_password(elsewhere, "alice")
    page = text(elsewhere.get("/sign-in/code/", secure=True))
    assert "mOTP" not in page
    for way in ("motp", "totp"):
        assert acting.give_code(elsewhere, phone.code("1234"), way).status_code == 422
    assert elsewhere.get("/history/", secure=True).status_code == 302


def test_it_is_renamed_and_removed(alice_in: Client) -> None:
    set_up(alice_in)
    answer = post(alice_in, f"/motp/{pk()}/rename/", name="Office router")
    assert "It is called “Office router” now." in text(follow(alice_in, answer))
    answer = post(alice_in, f"/motp/{pk()}/remove/")
    assert "“Office router” is removed" in text(follow(alice_in, answer))
    assert not Factor.objects.filter(kind="motp").exists()
    assert alice_in.get("/history/", secure=True).status_code == 200


def test_without_another_factor_the_page_says_what_comes_first(client: Client, alice: User) -> None:
    acting.give_password(client, "alice")
    answer = client.get("/motp/add/", secure=True)
    assert "Set up an app or another factor first" in text(follow(client, answer))


def test_what_the_router_refused_is_explained_on_the_own_page_with_what_mends_it(
    alice_in: Client, alice: User, clock: time_machine.Traveller
) -> None:
    phone = set_up(alice_in)
    clock.shift(60)
    router = Application.objects.get(slug="vpn")
    assert not ask_over_http(router, alice, "alice", phone.code("9999"))
    page = text(alice_in.get("/why/", secure=True))
    assert "The secret or the PIN differs" in page
    assert f"/motp/{pk()}/pin/" in page
    assert f"/motp/{pk()}/renew/" in page
    phone.late = 45
    assert not ask_over_http(router, alice, "alice", phone.code("1234"))
    assert "expired while it was typed" in text(alice_in.get("/why/", secure=True))
