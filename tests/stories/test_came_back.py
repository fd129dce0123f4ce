"""A person who came in by a recovery code: what is open to them, what is not, and how the rest opens again."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import users
from accounts.models import PhoneSource, User
from mfa.factors.totp.factor import token_of
from mfa.models import Factor
from tests.mfa.doors import give_role
from tests.stories import acting
from tests.stories.acting import Person
from tests.stories.browsing import follow, get, post, text
from tests.stories.test_recovery import clock, elsewhere, make_codes

__all__ = ["clock"]
NUMBER = "+491701234567"
CAME_BACK = "You are signed in with a recovery code."
USED_ONE = "You have used a recovery code"


@pytest.fixture
def person(client: Client, alice: User) -> Person:
    """Alice with an app, a number of her own, and soon codes on paper."""
    users.set_phone(alice, NUMBER, source=PhoneSource.SELF, confirmed_at=alice.created_at, actor=alice)
    return acting.with_app(client, User.objects.get(pk=alice.pk))


def come_back(code: str, path: str = "/") -> Client:
    browser = elsewhere()
    acting.give_password(browser, "alice")
    answer = post(browser, f"/sign-in/code/?way=recovery&next={path}", code=code)
    assert answer.headers["Location"] == "/"
    return browser


def led_on(browser: Client, path: str) -> bool:
    """Whether the page wants a factor first."""
    return str(post(browser, path).headers.get("Location", "")).startswith("/prove/alone/?next=")


def set_up_an_app(browser: Client) -> bytes:
    """Returns the secret of the new app."""
    post(browser, "/totp/add/", name="New phone")
    secret = token_of(Factor.objects.get(kind="totp", confirmed=False)).secret
    assert post(browser, "/totp/scan/", code=acting.code_of(secret)).status_code == 302
    return secret


@pytest.mark.row("N-18")
def test_whoever_used_a_code_is_led_to_make_new_ones_until_they_are_made(person: Person) -> None:
    codes = make_codes(person.client)
    assert USED_ONE not in text(get(person.client, "/"))
    browser = come_back(codes[0], "/history/")
    page = text(get(browser, "/"))
    assert USED_ONE in page
    assert 'href="/recovery/">Make new codes' in page
    assert USED_ONE in text(get(person.client, "/"))
    make_codes(browser)
    assert USED_ONE not in text(get(browser, "/"))


@pytest.mark.row("N-21")
@pytest.mark.row("T-22")
@pytest.mark.row("T-22b")
def test_a_recovery_code_takes_no_factor_away(person: Person) -> None:
    browser = come_back(make_codes(person.client)[0])
    assert CAME_BACK in text(get(browser, "/"))
    app = Factor.objects.get(kind="totp")
    assert all(led_on(browser, path) for path in (f"/totp/{app.pk}/remove/", "/sms/remove/", "/recovery/remove/"))
    assert {"totp", "recovery"} <= set(Factor.objects.values_list("kind", flat=True))
    assert User.objects.get().phone == NUMBER


@pytest.mark.row("N-21")
def test_another_recovery_code_does_not_open_it_and_a_factor_does(person: Person) -> None:
    codes = make_codes(person.client)
    browser = come_back(codes[0])
    page = text(follow(browser, post(browser, "/sms/remove/")))
    assert "a recovery code is not enough" in page
    assert "way=recovery" not in page
    assert post(browser, "/prove/alone/?way=recovery", code=codes[1]).status_code == 422
    assert led_on(browser, "/sms/remove/")
    assert post(browser, "/prove/alone/?way=totp", code=person.code(steps=1)).status_code == 302
    assert CAME_BACK not in text(get(browser, "/"))
    assert post(browser, "/sms/remove/").headers["Location"] == "/"
    assert User.objects.get().phone == ""


@pytest.mark.row("N-21")
def test_new_recovery_codes_make_no_more_of_the_session(person: Person) -> None:
    browser = come_back(make_codes(person.client)[0])
    make_codes(browser)
    assert CAME_BACK in text(get(browser, "/"))
    assert led_on(browser, "/sms/remove/")


@pytest.mark.row("N-21")
def test_whoever_lost_the_only_phone_replaces_it_and_has_all_of_the_account_again(client: Client, alice: User) -> None:
    codes = make_codes(acting.with_app(client, alice).client)
    browser = come_back(codes[0])
    old = Factor.objects.get(kind="totp")
    assert "Confirm with a factor" in text(get(browser, "/"))
    post(browser, "/lost-phone/", gone=f"totp-{old.pk}")
    assert "Confirm with a factor" not in text(get(browser, "/")), "no button to what cannot be done"
    assert get(browser, "/lost-phone/").headers["Location"] == "/lost-phone/next/", "nothing is left to lose"
    remove = f"/totp/{old.pk}/remove/"
    assert "First set up a factor" in text(follow(browser, post(browser, remove)))
    assert post(browser, "/prove/?way=recovery", code=codes[1]).status_code == 302
    secret = set_up_an_app(browser)
    assert led_on(browser, remove)
    assert post(browser, "/prove/alone/", code=acting.code_of(secret, steps=1)).status_code == 302
    assert "is removed" in text(follow(browser, post(browser, remove)))


@pytest.mark.row("N-21")
def test_the_administration_waits_for_a_factor(client: Client, alice: User) -> None:
    owner = acting.with_app(client, give_role(alice, "admin"))
    browser = come_back(make_codes(owner.client)[0])
    assert get(browser, "/admin/").headers["Location"] == "/prove/alone/?next=%2Fadmin%2F"
    assert post(browser, "/prove/alone/?next=/admin/", code=owner.code(steps=1)).headers["Location"] == "/admin/"
    assert get(browser, "/admin/").status_code == 200


@pytest.mark.row("N-21")
def test_an_act_on_others_takes_more_than_a_recovery_code(client: Client, alice: User) -> None:
    owner = acting.with_app(client, give_role(alice, "admin"))
    codes = make_codes(owner.client)
    owner.let_proof_grow_old()
    assert post(client, "/prove/?way=recovery", code=codes[0]).status_code == 302
    assert led_on(client, f"/admin/accounts/user/act/unlock/?people={alice.pk}")
