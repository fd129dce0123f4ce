"""Acts on people: a reason each, in bulk with a preview, refused where out of reach, told and audited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa import audit, holdings, limits, policy, roles
from mfa.delivery import outbox
from mfa.desk import pace
from mfa.desk.pace import IN_A_ROW
from mfa.models import AuditEvent, Delivery, Factor, GuessCounter, OneTimeCode
from tests.mfa.doors import add_factor, give_role, read_back

LIST = "/admin/accounts/user/"


def act(client: Client, slug: str, *people: User, **fields: str) -> str:
    """Do it with a right form; the page that came of it, redirects followed."""
    form = {
        "people": ",".join(str(one.pk) for one in people),
        "reason": "Ticket says so",
        "identity": "call-back",
        "ticket": "INC-7",
    } | fields
    return client.post(f"{LIST}act/{slug}/", form, secure=True, follow=True).content.decode()


def vouched(client: Client, *people: User) -> Client:
    """Each of the people has just read back a code to whoever is at this browser."""
    for one in people:
        read_back(User.objects.get(pk=client.session["_auth_user_id"]), one)
    return client


def test_require_and_release(staff: Callable[..., Client], alice: User) -> None:
    client = staff("admin")
    assert "Two-factor sign-in is now required. 1 person." in act(client, "require", alice)
    assert policy.of(alice, now=timezone.now()).required
    act(client, "release", alice)
    assert not policy.of(alice, now=timezone.now()).required
    assert list(AuditEvent.objects.order_by("pk").values_list("action", "reason", "actor_name")) == [
        ("policy.required", "Ticket says so", "admin-person"),
        ("policy.not-required", "Ticket says so", "admin-person"),
    ]


@pytest.mark.row("A-6.4.4")
def test_a_reset_takes_all_factors_ends_sessions_and_tells_the_person(
    staff: Callable[..., Client], alice: User
) -> None:
    add_factor(alice)
    act(vouched(staff("helpdesk"), alice), "reset", alice)
    assert not Factor.objects.filter(user=alice).exists()
    assert policy.of(alice, now=timezone.now()).activation_only
    assert Delivery.objects.filter(user=alice, template="factors-reset").exists()
    checked = AuditEvent.objects.get(action="identity.checked")
    assert checked.details == {"ticket": "INC-7", "identity": "call-back"}
    assert AuditEvent.objects.get(action="factors.reset").actor_name == "helpdesk-person"


def test_one_factor_is_reset_and_the_others_stay(staff: Callable[..., Client], alice: User) -> None:
    add_factor(alice)
    add_factor(alice, kind="recovery", state={"left": 9})
    act(vouched(staff("helpdesk"), alice), "reset-one", alice, kind="totp")
    assert not Factor.objects.filter(user=alice, kind="totp").exists()
    assert Factor.objects.filter(user=alice, kind="recovery").exists()


def test_unlock(staff: Callable[..., Client], alice: User) -> None:
    add_factor(alice, disabled_at=alice.created_at, failures=50)
    GuessCounter.objects.create(subject=limits.of_account(alice), failures={"totp": [100, 0]})
    client = staff("helpdesk")
    assert "Locked after too many wrong codes" in client.get(f"{LIST}{alice.pk}/change/", secure=True).content.decode()
    act(vouched(client, alice), "unlock", alice)
    assert GuessCounter.objects.get(subject=limits.of_account(alice)).failures == {}
    assert holdings.usable(alice, now=alice.created_at)


def test_end_sessions(staff: Callable[..., Client], alice: User) -> None:
    act(staff("admin"), "end-sessions", alice)
    assert User.objects.get(pk=alice.pk).security_epoch == alice.security_epoch + 1


@pytest.mark.row("A-6.4.1")
def test_an_activation_code_is_shown_once_and_kept_nowhere(staff: Callable[..., Client], alice: User) -> None:
    client = staff("helpdesk")
    form = {"people": str(alice.pk), "reason": "New phone", "identity": "in-person", "ticket": "INC-7"}
    answer = client.post(f"{LIST}act/activate/", form, secure=True)
    code = answer.context["codes"][0][1]
    assert code in answer.content.decode()
    assert "<svg" in answer.content.decode()
    assert "style=" not in answer.context["codes"][0][2]
    assert "no-store" in answer.headers["cache-control"]
    kept = str(dict(client.session)) + str([vars(row) for row in OneTimeCode.objects.all()])
    assert code not in kept
    assert code.replace("-", "") not in kept
    for path in (f"{LIST}{alice.pk}/change/", f"{LIST}act/activate/?people={alice.pk}"):
        assert code not in client.get(path, secure=True).content.decode()


def test_a_person_with_a_factor_needs_no_activation_code(staff: Callable[..., Client], alice: User) -> None:
    add_factor(alice)
    assert "A second factor works; reset it first if it is lost." in act(staff("helpdesk"), "activate", alice)
    assert not OneTimeCode.objects.exists()


@pytest.mark.row("A-6.4.4")
@pytest.mark.parametrize(
    "missing",
    [
        {"reason": ""},
        {"reason": " \n\t "},
        {"identity": ""},
        {"identity": "trust-me"},
        {"reason": "x" * 501},
        {"ticket": "x" * 65},
        {"ticket": ""},
        {"identity": "caller-check"},
    ],
)
def test_without_reason_and_proof_of_identity_nothing_is_reset(
    staff: Callable[..., Client], alice: User, missing: dict[str, str]
) -> None:
    add_factor(alice)
    form = {"people": str(alice.pk), "reason": "r", "identity": "in-person", "ticket": "INC-7"} | missing
    answer = staff("helpdesk").post(f"{LIST}act/reset/", form, secure=True)
    assert answer.status_code == 422
    assert b"field-error" in answer.content
    assert Factor.objects.filter(user=alice).exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "people", ["", "x", "1;2", "-1", "9" * 30, "１２", "999999999", ",".join(["1"] * 501), "1\x00"]
)
def test_a_list_of_people_that_is_none_changes_nothing(staff: Callable[..., Client], alice: User, people: str) -> None:
    client = staff("admin")
    for answer in (
        client.post(f"{LIST}act/require/", {"people": people, "reason": "r"}, secure=True),
        client.get(f"{LIST}act/require/", {"people": people}, secure=True),
    ):
        assert answer.status_code == 400 or answer.headers["location"] == LIST
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("ticked", ["x", "1 OR 1=1", "", "\x00", "-1", "1.5", "9" * 20])
def test_a_tick_that_names_no_row_is_refused(staff: Callable[..., Client], alice: User, ticked: str) -> None:
    answer = staff("admin").post(LIST, {"action": "reset", "_selected_action": [ticked], "index": "0"}, secure=True)
    assert answer.status_code == 400


def test_a_tick_for_a_row_that_is_gone_is_no_error_page(staff: Callable[..., Client]) -> None:
    answer = staff("admin").post(LIST, {"action": "reset", "_selected_action": ["999999"]}, secure=True)
    assert answer.status_code in (200, 302)


def test_a_reason_becomes_one_line(staff: Callable[..., Client], alice: User) -> None:
    act(staff("admin"), "require", alice, reason="first\r\nsecond\x1b[31m\u202e third")
    assert AuditEvent.objects.get().reason == "first second [31m third"


def test_the_ticked_people_lead_to_a_preview_of_who_is_affected_and_who_is_refused(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("helpdesk")
    one, two, boss = make_user("one"), make_user("two"), give_role(make_user("boss"), "admin")
    me = User.objects.get(username="helpdesk-person")
    form = {"action": "reset", "_selected_action": [one.pk, two.pk, boss.pk, me.pk], "index": "0"}
    answer = client.post(LIST, form, secure=True)
    assert [person.username for person in answer.context["affected"]] == ["one", "two"]
    refused = {person.username: words for person, words in answer.context["refused"]}
    assert "only an admin" in refused["boss"]
    assert "own account" in refused["helpdesk-person"]
    assert answer.context["people"] == f"{one.pk},{two.pk}"
    assert not AuditEvent.objects.exists(), "a preview changes nothing"


def test_in_bulk_the_refused_ones_are_named_and_the_others_done(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("helpdesk")
    one, boss = make_user("one"), give_role(make_user("boss"), "admin")
    add_factor(one)
    add_factor(boss)
    seen = act(vouched(client, one), "reset", one, boss)
    assert "All second factors were reset. 1 person." in seen
    assert "boss: This person may enter the administration" in seen
    assert [factor.user for factor in Factor.objects.exclude(user__username="helpdesk-person")] == [boss]


@pytest.mark.row("T-60")
def test_only_the_acts_of_the_role_are_offered(staff: Callable[..., Client], alice: User) -> None:
    seen = staff("helpdesk").get(f"{LIST}{alice.pk}/change/", secure=True).content.decode()
    assert "/act/reset/" in seen
    assert "/act/role/" not in seen
    assert "/act/release/" not in seen


@pytest.mark.row("T-59")
def test_a_group_that_gives_no_right_keeps_nobody_from_helpdesk_and_one_that_gives_rights_does(
    staff: Callable[..., Client], alice: User
) -> None:
    hanna = staff("helpdesk")
    group = Group.objects.create(name="vpn-users")
    alice.groups.add(group)
    page = hanna.get(f"/admin/accounts/user/{alice.pk}/change/", secure=True).content.decode()
    assert "<dt>Groups</dt><dd>vpn-users</dd>" in page
    assert "only an admin may act" not in page
    group.permissions.add(Permission.objects.get(codename="view_auditevent"))
    page = hanna.get(f"/admin/accounts/user/{alice.pk}/change/", secure=True).content.decode()
    assert "only an admin may act" in page


@pytest.mark.row("T-59")
def test_helpdesk_cannot_reset_one_person_after_the_other_without_end(
    staff: Callable[..., Client], make_user: Callable[..., User], settings: Settings
) -> None:
    settings.ALARM_MAIL = ["team@example.test"]
    client = staff("helpdesk")
    people = [make_user(f"p{n}") for n in range(IN_A_ROW + 2)]
    seen = "".join(act(vouched(client, one), "reset", one) for one in people)
    assert seen.count("Too many resets in a short time") == 2
    assert AuditEvent.objects.filter(action="factors.reset").count() == IN_A_ROW
    assert "Too many resets" in act(client, "activate", people[0])
    alarm = Delivery.objects.get(template="helpdesk-stopped")  # one, however often it is tried
    assert (alarm.recipient, alarm.subject) == (
        "team@example.test", "Helpdesk: helpdesk-person was stopped after many resets",
    )  # fmt: skip
    told = outbox.read(alarm)
    assert "20 factors within 10 minutes" in told
    agent = User.objects.get(username="helpdesk-person")
    assert f"https://portal.test/admin/mfa/auditevent/?by={agent.pk}\n" in told


@pytest.mark.row("T-59")
def test_helpdesk_is_stopped_for_the_day_too_and_the_alarm_comes_again_only_a_day_later(
    staff: Callable[..., Client], make_user: Callable[..., User], settings: Settings
) -> None:
    settings.ALARM_MAIL, settings.HELPDESK_RESETS_PER_DAY = ["team@example.test"], 2
    staff("helpdesk")
    agent, now = User.objects.get(username="helpdesk-person"), timezone.now()

    def stopped(hours: int) -> str:
        return pace.stop(roles.RESET_FACTORS, agent, now=now + timedelta(hours=hours))

    for hours, name in enumerate(("p1", "p2")):
        assert not stopped(0)
        audit.record("factors.reset", user=make_user(name), actor=agent)
        AuditEvent.objects.filter(user__username=name).update(at=now - timedelta(hours=hours))
    assert "Too many resets in 24 hours" in stopped(1)
    assert "Too many resets in 24 hours" in stopped(2)
    assert "2 factors within 24 hours" in outbox.read(Delivery.objects.get(template="helpdesk-stopped"))
    assert not stopped(24)
    AuditEvent.objects.update(at=now)
    AuditEvent.objects.filter(action="factors.reset").update(at=now + timedelta(hours=24))
    assert "Too many resets in 24 hours" in stopped(25)
    assert Delivery.objects.filter(template="helpdesk-stopped").count() == 2


def test_what_agents_change_of_their_own_counts_towards_no_pace(
    staff: Callable[..., Client], make_user: Callable[..., User], settings: Settings
) -> None:
    settings.HELPDESK_RESETS_PER_DAY = 1
    staff("helpdesk")
    agent, now = User.objects.get(username="helpdesk-person"), timezone.now()
    audit.record("phone.changed", user=agent, actor=agent)
    assert not pace.stop(roles.RESET_FACTORS, agent, now=now)
    audit.record("phone.changed", user=make_user("p1"), actor=agent)
    assert pace.stop(roles.RESET_FACTORS, agent, now=now)


def test_roles_are_given_and_taken(staff: Callable[..., Client], alice: User) -> None:
    client = staff("admin")
    act(client, "role", alice, role="auditor")
    alice = User.objects.get(pk=alice.pk)
    assert alice.is_staff
    assert [group.name for group in alice.groups.all()] == ["auditor"]
    act(client, "role", alice, role="")
    alice = User.objects.get(pk=alice.pk)
    assert (alice.is_staff, alice.groups.count()) == (False, 0)
    assert [event.details for event in AuditEvent.objects.filter(action="role.changed").order_by("pk")] == [
        {"old": "", "new": "auditor"},
        {"old": "auditor", "new": ""},
    ]


@pytest.mark.parametrize("role", ["root", "Admin", "1"])
def test_a_role_that_does_not_exist_is_refused(staff: Callable[..., Client], alice: User, role: str) -> None:
    Group.objects.create(name="root")
    act(staff("admin"), "role", alice, role=role)
    assert not User.objects.get(pk=alice.pk).is_staff


@pytest.mark.row("T-60")
def test_an_admin_cannot_raise_or_lower_itself(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    me = User.objects.get(username="admin-person")
    for slug in ("role", "reset", "release", "activate", "deactivate", "unlock", "end-sessions"):
        assert "own account" in act(client, slug, me, role="auditor")
    assert not AuditEvent.objects.exists()


def test_the_directory_decides_about_its_own_accounts(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    bob = make_user("bob", directory_id="0f0f")
    client = staff("admin")
    assert "The directory decides" in act(client, "deactivate", bob)
    assert User.objects.get(pk=bob.pk).is_active


def test_a_local_account_is_deactivated_and_back(staff: Callable[..., Client], alice: User) -> None:
    client = staff("admin")
    act(client, "deactivate", alice)
    assert not User.objects.get(pk=alice.pk).is_active
    assert "The account is deactivated." in act(client, "activate", alice)
    act(client, "reactivate", alice)
    again = User.objects.get(pk=alice.pk)
    assert (again.is_active, again.deactivated_at) == (True, None)
