"""A second factor becomes required of a group: announced, within grace, reminded, then only enrolment; and who is let
off. What the admin saw beforehand is what happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from mfa import tasks
from mfa.delivery import outbox
from mfa.models import Delivery, Rule
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.stories import acting
from tests.stories.authenticator import scan

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def travel() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def admin(make_user: Callable[..., User]) -> Callable[[], Client]:
    boss = give_role(make_user("boss"), "admin")
    factor = add_factor(boss)

    def enter() -> Client:
        client = Client(headers={"host": "portal.test"})
        sign_in(client, boss, factor)
        return client

    return enter


@pytest.fixture
def finance(make_user: Callable[..., User]) -> dict[str, User]:
    """A group of the directory: one with an app, one without, and one on leave without."""
    group = Group.objects.create(name="finance")
    people = {name: make_user(name, created_at=START - 300 * DAY) for name in ("ada", "ben", "cleo")}
    for user in people.values():
        user.groups.add(group)
    add_factor(people["ada"])
    return people


def make_rule(client: Client, **fields: Any) -> Any:
    given: dict[str, Any] = {"name": "Finance", "starts_on": "2026-03-10", "grace_days": 10, "factors": 1} | fields
    path = "/admin/mfa/rule/preview/?" + urlencode({"group": Group.objects.get(name="finance").pk} | given)
    context = client.get(path, secure=True).context
    client.post(path, {"seen": context["seen"], "do": "save", "reason": "audit finding 7"}, secure=True)
    return context


def exempt(client: Client, user: User, day: str) -> None:
    form = {"people": str(user.pk), "reason": "on leave", "until": day}
    client.post("/admin/accounts/user/act/exempt/", form, secure=True)


def at_work(user: User) -> tuple[int, str]:
    """What the person meets after the password: the status of the history page and where it leads."""
    client = Client(headers={"host": "portal.test"})
    acting.give_password(client, user.username)
    answer = client.get("/history/", secure=True)
    return answer.status_code, answer.headers.get("location", "")


def mails_to(user: User) -> list[Delivery]:
    return list(Delivery.objects.filter(user=user, template="second-factor-wanted").order_by("pk"))


@pytest.mark.row("A-6.4.5")
@pytest.mark.row("A-6.3.3")
@pytest.mark.row("T-75")
def test_a_group_must_have_a_second_factor_from_a_day_on(
    travel: Any, admin: Callable[[], Client], finance: dict[str, User]
) -> None:
    ben, cleo = finance["ben"], finance["cleo"]
    exempt(admin(), cleo, "2026-03-25")
    seen = make_rule(admin())
    locked_out_in_preview = {one.user.username for one in seen["people"]}
    assert seen["at"] == datetime(2026, 3, 20, tzinfo=timezone.get_default_timezone())
    assert locked_out_in_preview == {"ben"}

    travel.move_to(START + 9 * DAY)  # the rule has begun, the grace runs
    client = Client(headers={"host": "portal.test"})
    acting.give_password(client, "ben")
    page = client.get("/", secure=True).content.decode()
    assert "Your organisation asks for more by 20 Mar 2026." in page
    assert at_work(ben) == (200, "")

    for days in (11, 12, 14):  # the job runs day by day
        travel.move_to(START + days * DAY)
        tasks.remind()
    assert [mail.subject for mail in mails_to(ben)] == ["Set up your second factor before 20 Mar 2026"]
    travel.move_to(datetime(2026, 3, 19, 12, 0, tzinfo=START.tzinfo))
    tasks.remind()
    tasks.remind()
    assert len(mails_to(ben)) == 2
    assert "nothing else opens" in outbox.read(mails_to(ben)[-1])
    assert mails_to(cleo) == mails_to(finance["ada"]) == []

    travel.move_to(datetime(2026, 3, 20, 0, 0, 1, tzinfo=START.tzinfo))
    locked_out = {user.username for user in finance.values() if at_work(user)[1] == "/enrol/"}
    assert locked_out == locked_out_in_preview
    rule = Rule.objects.get()
    now_on_page = admin().get(f"/admin/mfa/rule/{rule.pk}/change/?show=out", secure=True)
    assert {one.user.username for one in now_on_page.context["people"]} == locked_out

    travel.move_to(datetime(2026, 3, 26, 0, 0, 1, tzinfo=START.tzinfo))  # the exemption is over, no job ran
    assert at_work(cleo) == (302, "/enrol/")

    client = Client(headers={"host": "portal.test"})
    acting.give_password(client, "ben")
    client.post("/totp/add/", {"name": "Phone"}, secure=True)
    phone = scan(client.get("/totp/scan/", secure=True))
    client.post("/totp/scan/", {"code": phone.code()}, secure=True)
    assert client.get("/history/", secure=True).status_code == 200
    shown = admin().get(f"/admin/mfa/rule/{rule.pk}/change/", secure=True).context
    assert (shown["met"], shown["unmet"]) == (2, 1)
    assert shown["days"][0][1] == 1, "enrolled today"


def test_an_open_session_is_held_by_a_rule_from_the_next_click_on(
    admin: Callable[[], Client], finance: dict[str, User]
) -> None:
    ben = Client(headers={"host": "portal.test"})
    acting.give_password(ben, "ben")
    assert ben.get("/history/", secure=True).status_code == 200
    make_rule(admin(), starts_on=timezone.localdate().isoformat(), grace_days=0)
    assert ben.get("/history/", secure=True).headers["location"] == "/enrol/"
    exempt(admin(), finance["ben"], timezone.localdate().isoformat())
    assert ben.get("/history/", secure=True).status_code == 200
