"""Two-factor sign-in required of one person, or of each of many: at once, or from a day on, with grace, reminded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import User
from mfa import exemptions, holdings, policy, reminders
from mfa.desk import bulk_work
from mfa.models import AuditEvent, BulkAct, Delivery, Reminder
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.mfa.test_admin_acts import LIST, act

DAY = timedelta(days=1)


def ask(user: User, now: datetime, *, days: int, grace: int = 0) -> datetime:
    """From `days` after today on, with grace; returns when it is in force."""
    day = timezone.localdate(now) + days * DAY
    policy.require(user, True, actor=None, reason="r", starts_on=day, grace_days=grace)
    return policy.start_of(day) + grace * DAY


def test_it_begins_on_its_day_and_is_in_force_after_the_grace(alice: User, now: datetime) -> None:
    deadline = ask(alice, now, days=3, grace=14)
    (demand,) = policy.of(alice, now=now).demands
    assert (demand.begins, demand.deadline) == (deadline - 14 * DAY, deadline)
    assert [policy.of(alice, now=at).required for at in (deadline - DAY, deadline)] == [False, True]
    standing = holdings.standing(alice, now=now)
    assert (standing.closed, standing.complete, standing.until) == (False, False, deadline)


def test_lists_say_the_same_in_sql(alice: User, make_user: Callable[..., User], now: datetime) -> None:
    deadline = ask(alice, now, days=3)
    policy.require(make_user("bob"), True, actor=None, reason="at once")
    for at, names in ((deadline - DAY, {"bob"}), (deadline, {"alice", "bob"})):
        found = User.objects.filter(policy.required_now(at))
        assert set(found.values_list("username", flat=True)) == names


def test_the_person_reads_on_the_first_page_until_when_and_then_only_enrolment_is_open(
    client: Client, alice: User
) -> None:
    ask(alice, timezone.now(), days=2)
    sign_in(client, alice, None)
    assert "Your organisation asks for more by" in client.get("/", secure=True).content.decode()
    policy.require(alice, True, actor=None, reason="r", starts_on=timezone.localdate() - DAY)
    assert client.get("/", secure=True).headers["Location"] == "/enrol/"


@pytest.mark.row("A-6.4.5")
def test_whoever_has_no_factor_is_reminded_once_seven_days_and_one_day_before(
    make_user: Callable[..., User], now: datetime
) -> None:
    people = {name: make_user(name) for name in ("bare", "armed", "exempt", "silent", "gone")}
    add_factor(people["armed"])
    User.objects.filter(username="silent").update(email="")
    User.objects.filter(username="gone").update(is_active=False)
    owner = give_role(make_user("owner"), "admin")
    exemptions.grant(people["exempt"], timezone.localdate(now) + 90 * DAY, actor=owner, reason="r", now=now - DAY)
    deadline = max(ask(one, now, days=20, grace=10) for one in people.values())
    moments = (-8.0, -6.0, -5.0, -0.5, -0.25, 1.0)
    assert [reminders.remind(now=deadline + after * DAY) for after in moments] == [0, 1, 0, 1, 0, 0]
    told = Reminder.objects.filter(rule=None).order_by("pk").values_list("user__username", "stage")
    assert list(told) == [("bare", "7"), ("bare", "1")]
    mail = Delivery.objects.filter(template="second-factor-wanted").latest("pk")
    assert (mail.recipient, "1 Apr 2026" in mail.subject) == ("bare@example.test", True)


def test_asked_anew_one_is_reminded_anew(alice: User, now: datetime) -> None:
    for days in (10, 30):
        deadline = ask(alice, now, days=days)
        assert reminders.remind(now=deadline - 6 * DAY) == 1


def test_an_admin_sets_day_and_grace_and_sees_before_who_would_be_locked_out(
    staff: Callable[..., Client], alice: User, make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    armed = make_user("armed")
    add_factor(armed)
    seen = client.get(f"{LIST}act/require/?people={alice.pk},{armed.pk}", secure=True)
    assert (seen.context["lockout"].count, seen.context["lockout"].names) == (1, ["alice"])
    assert "nothing but setting one up is open to them" in seen.content.decode()
    day = timezone.localdate() + 10 * DAY
    briefly = make_user("briefly")
    admin = User.objects.get(username="admin-person")
    exemptions.grant(briefly, day, actor=admin, reason="r", now=timezone.now())
    form = {"people": f"{alice.pk},{briefly.pk}", "starts_on": day.isoformat(), "do": "look", "reason": ""}
    for grace, names, exempt in (("0", ["alice"], 1), ("4", ["alice", "briefly"], 0)):
        seen = client.post(f"{LIST}act/require/", form | {"grace_days": grace}, secure=True)
        assert seen.status_code == 200
        assert (seen.context["lockout"].names, seen.context["lockout"].exempt) == (names, exempt)
        first = date_format(day + int(grace) * DAY, "j M Y")
        assert f"Would be locked out on {first}" in seen.content.decode()
        assert f'value="{day.isoformat()}"' in seen.content.decode()
    assert client.post(f"{LIST}act/require/", form | {"grace_days": "x"}, secure=True).status_code == 422
    assert not policy.of(alice, now=timezone.now()).demands, "looking asks nothing of anybody"
    act(client, "require", alice, starts_on=day.isoformat(), grace_days="4")
    (demand,) = policy.of(alice, now=timezone.now()).demands
    assert demand.deadline == policy.start_of(day) + 4 * DAY
    in_force = (day + 4 * DAY).isoformat()
    assert AuditEvent.objects.get(action="policy.required").details == {"in force from": in_force}


@pytest.mark.parametrize("wrong", [{"starts_on": "2020-01-01"}, {"starts_on": "2999-01-01"}, {"grace_days": "-1"}])
def test_a_day_that_is_over_or_far_away_changes_nothing(
    staff: Callable[..., Client], alice: User, wrong: dict[str, str]
) -> None:
    act(staff("admin"), "require", alice, **wrong)
    assert not policy.of(alice, now=timezone.now()).demands


def test_a_whole_list_gets_the_same_day_and_the_same_preview(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_work, "wake", lambda pk: True)
    client = staff("admin")
    people = [make_user(f"p{number}", email="") for number in range(3)]
    add_factor(people[0])
    page = f"{LIST}all/require/?q=p"
    shown = client.get(page, secure=True).context
    assert (shown["lockout"].names, shown["lockout"].without_mail) == (["p1", "p2"], 2)
    day = timezone.localdate() + 10 * DAY
    form = {"reason": "Rollout", "seen": shown["outlook"].digest, "starts_on": day.isoformat(), "grace_days": "4"}
    looked = client.post(page, form | {"reason": "", "do": "look"}, secure=True)
    assert (looked.status_code, looked.context["lockout"].names) == (200, ["p1", "p2"])
    assert looked.context["lockout"].at == policy.start_of(day) + 4 * DAY
    assert not BulkAct.objects.exists()
    assert client.post(page, form, secure=True).status_code == 302
    bulk_work.work(BulkAct.objects.get().pk)
    (demand,) = policy.of(people[2], now=timezone.now()).demands
    assert demand.deadline == policy.start_of(day) + 4 * DAY
