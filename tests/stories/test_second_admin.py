"""Making a second admin takes a second admin: else one alone would approve everything, from an account of their own."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import activation
from mfa.models import Approval, AuditEvent, OneTimeCode, Rule
from tests.mfa.doors import give_role
from tests.stories import acting
from tests.stories.test_first_password import GOOD, set_first
from tests.stories.test_helpdesk import CODE, PEOPLE, browser, do, set_up_app

pytestmark = [pytest.mark.row("A-2.3.5"), pytest.mark.row("T-60")]

WANTED = "have a second admin approve exactly this first"


@pytest.fixture
def mallory(make_user: Callable[..., User]) -> acting.Person:
    return acting.with_app(browser(), give_role(make_user("mallory"), "admin"))


@pytest.fixture
def puppet(mallory: acting.Person) -> Client:
    """An account that the admin made, and holds: password and app are theirs."""
    mallory.client.post(f"{PEOPLE}add/", {"username": "puppet", "email": "p@example.test"}, secure=True)
    code = CODE.search(do(mallory, "activate", of("puppet")))
    assert code is not None
    client = browser()
    set_first(client, code[0], username="puppet")
    set_up_app(client)
    return client


def of(username: str) -> User:
    return User.objects.get(username=username)


def change(admin: acting.Person, person: User, role: str, **more: str) -> str:
    form = {"people": str(person.pk), "reason": "On duty", "role": role} | more
    return admin.client.post(f"{PEOPLE}act/role/", form, secure=True, follow=True).content.decode()


def approve(client: Client, row: Approval) -> int:
    return client.post(f"/admin/mfa/approval/{row.pk}/approve/", secure=True).status_code


def held(username: str) -> tuple[bool, list[str]]:
    person = of(username)
    return person.is_staff, [group.name for group in person.groups.all()]


def at_the_shell(row: Approval) -> None:
    out = io.StringIO()
    call_command("approve", str(row.pk), "--reason", "agreed with the owner", stdout=out, stderr=out)


@pytest.mark.parametrize("role", ["admin", "helpdesk"])
def test_one_admin_makes_no_account_of_their_own_one_that_approves(
    mallory: acting.Person, puppet: Client, role: str
) -> None:
    rule = Rule.objects.create(name="All", starts_on=timezone.localdate(), grace_days=0, factors=1)
    assert WANTED in change(mallory, of("puppet"), role)
    asked = change(mallory, of("puppet"), role, do="ask")
    assert f"Change the role ({role}): 1 person: puppet" in asked
    row = Approval.objects.get()
    assert (approve(puppet, row), approve(mallory.client, row)) == (403, 302)
    row.refresh_from_db()
    assert row.state == Approval.State.OPEN
    assert WANTED in change(mallory, of("puppet"), role)
    assert held("puppet") == (False, [])
    mallory.client.post(f"/admin/mfa/rule/{rule.pk}/end/", {"reason": "r", "do": "ask"}, secure=True)
    assert approve(puppet, Approval.objects.latest("pk")) == 403
    mallory.client.post(f"/admin/mfa/rule/{rule.pk}/end/", {"reason": "r", "do": "save"}, secure=True)
    assert Rule.objects.get().ended_at is None


def test_a_second_admin_approves_exactly_this_person_and_role_once(
    mallory: acting.Person, make_user: Callable[..., User]
) -> None:
    second = acting.with_app(browser(), give_role(make_user("second"), "admin"))
    carol, dave = make_user("carol"), make_user("dave")
    change(mallory, carol, "helpdesk", do="ask")
    row = Approval.objects.get()
    seen = second.client.get(f"/admin/mfa/approval/{row.pk}/change/", secure=True).content.decode()
    assert "whoever else did holds the account" in seen
    approve(second.client, row)
    for person, role in ((dave, "helpdesk"), (carol, "admin")):
        assert WANTED in change(mallory, person, role)
    assert WANTED in change(second, carol, "helpdesk")
    assert "The role was changed." in change(mallory, carol, "helpdesk")
    assert (held("carol"), held("dave")) == ((True, ["helpdesk"]), (False, []))
    change(mallory, carol, "")
    assert WANTED in change(mallory, carol, "helpdesk")
    assert held("carol") == (False, [])


def test_where_there_is_one_admin_the_server_makes_the_second(
    mallory: acting.Person, make_user: Callable[..., User]
) -> None:
    carol = make_user("carol")
    change(mallory, carol, "admin", do="ask")
    at_the_shell(Approval.objects.get())
    change(mallory, carol, "admin")
    assert held("carol") == (True, ["admin"])
    assert AuditEvent.objects.filter(action="role.changed", user=carol).count() == 1


def test_whoever_was_approved_and_lost_the_role_meanwhile_stands_for_nothing(
    mallory: acting.Person, make_user: Callable[..., User]
) -> None:
    second = acting.with_app(browser(), give_role(make_user("second"), "admin"))
    change(mallory, make_user("carol"), "admin", do="ask")
    approve(second.client, Approval.objects.get())
    change(mallory, second.user, "")
    assert WANTED in change(mallory, of("carol"), "admin")
    assert held("carol") == (False, [])


def test_what_takes_rights_or_gives_none_but_to_look_one_admin_does_alone(
    mallory: acting.Person, make_user: Callable[..., User]
) -> None:
    boss, alice = give_role(make_user("boss"), "admin"), make_user("alice")
    for person, role in ((alice, "auditor"), (boss, "helpdesk"), (boss, "auditor"), (boss, "")):
        assert "The role was changed." in change(mallory, person, role)
    assert (held("boss"), held("alice")) == ((False, []), (True, ["auditor"]))
    assert WANTED in change(mallory, alice, "helpdesk")
    assert "Nobody else has to approve this." in change(mallory, alice, "", do="ask")
    assert not Approval.objects.exists()


def test_an_admin_who_was_deactivated_comes_back_with_a_second_admin_only(
    mallory: acting.Person, make_user: Callable[..., User]
) -> None:
    gone = give_role(make_user("gone", is_active=False), "admin")
    assert WANTED in do(mallory, "reactivate", gone)
    page = mallory.client.get(f"{PEOPLE}act/reactivate/?people={gone.pk}", secure=True).content.decode()
    assert "so it takes a second admin, who approves exactly this" in page
    form = {"people": str(gone.pk), "reason": "Back", "do": "ask"}
    mallory.client.post(f"{PEOPLE}act/reactivate/", form, secure=True)
    row = Approval.objects.get()
    assert row.words == "Reactivate the account (admin): 1 person: gone"
    assert not of("gone").is_active
    at_the_shell(row)
    do(mallory, "reactivate", gone)
    assert of("gone").is_active
    looks = give_role(make_user("looks", is_active=False), "auditor")
    assert "The account was reactivated." in do(mallory, "reactivate", looks)


def test_a_code_that_was_handed_out_before_opens_no_account_with_a_role(
    mallory: acting.Person, make_user: Callable[..., User]
) -> None:
    """The admin keeps the code of a newcomer who is to be an admin, and waits."""
    newcomer = User.objects.create_user("nina", None, email="nina@example.test")
    code = activation.issue(newcomer, actor=mallory.user, reason="new", now=timezone.now()).code
    change(mallory, newcomer, "admin", do="ask")
    at_the_shell(Approval.objects.get())
    change(mallory, newcomer, "admin")
    assert OneTimeCode.objects.get(user=newcomer).ending == OneTimeCode.Ending.REPLACED
    assert set_first(browser(), code, password=GOOD).status_code == 422
    assert not of("nina").has_usable_password()
    assert not re.search(CODE, do(mallory, "activate", newcomer)), "a new one takes a second admin too"


def test_the_page_of_the_act_says_what_it_takes_and_keeps_the_answers_of_the_link(
    mallory: acting.Person, make_user: Callable[..., User]
) -> None:
    carol = make_user("carol")
    address = f"{PEOPLE}act/role/?people={carol.pk}"
    before = mallory.client.get(address, secure=True).content.decode()
    assert "To make somebody helpdesk or admin takes a second admin" in before
    assert before.count("Ask a second person") == 1
    change(mallory, carol, "admin", do="ask")
    row = Approval.objects.get()
    chosen = mallory.client.get(row.page, secure=True).content.decode()
    assert '<option value="admin" selected>' in chosen
    assert "Whoever approves it makes sure that the account is in the hands of that person." in chosen
    at_the_shell(row)
    assert "A second person approved it." in mallory.client.get(row.page, secure=True).content.decode()
