"""The first password of a local account: made in the admin, set by its owner, known to nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import activation
from mfa.models import AuditEvent, AuthenticationRecord, Delivery, OneTimeCode
from tests.answers import Answer
from tests.mfa.doors import add_factor, give_role, read_back
from tests.stories import acting

PAGE = "/activation/password/"
GOOD = "seven quiet herons"
REFUSED = "That did not work. Check user name and code"


@pytest.fixture
def newcomer(db: None) -> User:
    return User.objects.create_user("nina", None, email="nina@example.test", name="Nina Sample")


def issue(user: User) -> str:
    return activation.issue(user, actor=None, reason="new", now=timezone.now()).code


def set_first(client: Client, code: str, *, username: str = "nina", password: str = GOOD, **more: str) -> Answer:
    form = {"username": username, "code": code, "password": password, "again": password}
    return client.post(PAGE, form | more, secure=True)


def test_an_account_made_in_the_admin_gets_its_first_password_from_its_owner_who_then_enrols(
    client: Client, make_user: Callable[..., User]
) -> None:
    admin = acting.with_app(client, give_role(make_user("adam"), "admin"))
    made = admin.client.post("/admin/accounts/user/add/", {"username": "nina", "email": "n@example.test"}, secure=True)
    assert made.status_code == 302
    nina = User.objects.get(username="nina")
    read_back(admin.user, nina)
    form = {"people": str(nina.pk), "reason": "New", "identity": "in-person", "ticket": "INC-7"}
    page = admin.client.post("/admin/accounts/user/act/activate/", form, secure=True, follow=True).content.decode()
    found = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b", page)
    assert found is not None
    owner = Client(SERVER_NAME="portal.test")
    assert PAGE in owner.get("/sign-in/", secure=True).content.decode()
    assert set_first(owner, found[0]).headers["Location"] == "/enrol/"
    assert owner.get("/totp/add/", secure=True).status_code == 200
    owner.post("/sign-out/", secure=True)
    assert acting.give_password(owner, "nina", GOOD).status_code == 302
    assert AuditEvent.objects.filter(user=nina, action="password.first-set", actor=nina).count() == 1
    assert Delivery.objects.filter(user=nina, template="first-password").count() == 1
    assert set_first(Client(), found[0], password="another good one").status_code == 422


@pytest.mark.parametrize("password", ["short", "password1234", "nina sample", " " * 14])
def test_a_weak_password_is_refused_and_leaves_the_code(client: Client, newcomer: User, password: str) -> None:
    code = issue(newcomer)
    assert set_first(client, code, password=password).status_code == 422
    assert set_first(client, code).status_code == 302


def test_two_passwords_that_differ_are_refused_and_leave_the_code(client: Client, newcomer: User) -> None:
    code = issue(newcomer)
    assert "The two passwords differ." in set_first(client, code, again=GOOD + "x").content.decode()
    assert set_first(client, code).status_code == 302


def of_the_directory(user: User) -> None:
    User.objects.filter(pk=user.pk).update(directory_id="42")


def with_a_password(user: User) -> None:
    user.set_password("a password of its own")
    user.save()


def with_a_factor(user: User) -> None:
    add_factor(user)


def gone(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


@pytest.mark.parametrize("state", [of_the_directory, with_a_password, with_a_factor, gone])
def test_nobody_else_gets_one_by_a_right_code_and_the_page_tells_nothing(
    client: Client, newcomer: User, state: Callable[[User], None]
) -> None:
    code = issue(newcomer)
    state(newcomer)
    before = User.objects.get(pk=newcomer.pk).password
    refused, stranger = set_first(client, code), set_first(Client(), code, username="nobody")
    assert refused.status_code == stranger.status_code == 422
    assert REFUSED in refused.content.decode()
    assert REFUSED in stranger.content.decode()
    assert User.objects.get(pk=newcomer.pk).password == before
    assert OneTimeCode.objects.get().ending == OneTimeCode.Ending.LIVE


@pytest.mark.row("T-12")
def test_who_knows_the_name_alone_is_held_up_and_wears_no_code_out(client: Client, newcomer: User) -> None:
    code = issue(newcomer)
    for _ in range(8):
        assert set_first(client, "ABCDEFGHJKMN").status_code == 422
    assert set_first(client, code).status_code == 422
    last = AuthenticationRecord.objects.latest("pk")
    assert (last.cause, last.kind) == ("Account Locked", "activation")
    assert set_first(Client(REMOTE_ADDR="203.0.113.77"), code).status_code == 302
