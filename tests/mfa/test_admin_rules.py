"""Rules and exemptions in the admin: a preview comes first, weakening takes two, and a person's page explains."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode

from accounts import provisioning
from accounts.models import User
from mfa import approvals, exemptions, holdings, policy
from mfa.models import Approval, AuditEvent, Exemption, Rule
from tests.mfa.doors import add_factor, give_role

LIST = "/admin/mfa/rule/"
ACT = "/admin/accounts/user/act/"
LONG_AGO = timezone.now() - timedelta(days=400)


def fields(**changed: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {"name": "All", "group": "", "starts_on": today.isoformat(), "grace_days": 0, "factors": 1} | changed


def preview(**changed: Any) -> str:
    return f"{LIST}preview/?{urlencode(fields(**changed), doseq=True)}"


def decide(client: Client, path: str, do: str = "save", reason: str = "audit") -> Any:
    seen = client.get(path, secure=True).context["seen"]
    return client.post(path, {"seen": seen, "do": do, "reason": reason}, secure=True)


@pytest.fixture
def crowd(make_user: Callable[..., User]) -> dict[str, User]:
    found = {name: make_user(name, created_at=LONG_AGO) for name in ("bare", "armed", "gone")}
    add_factor(found["armed"])
    User.objects.filter(username="gone").update(is_active=False)
    return found


def test_a_rule_is_made_after_its_preview_with_a_reason(staff: Callable[..., Client], crowd: dict[str, User]) -> None:
    client = staff("admin")
    assert client.get(f"{LIST}add/", secure=True).status_code == 200
    page = client.get(preview(), secure=True)
    context = page.context
    assert (context["concerned"], context["met"], context["locked_out"]) == (3, 2, 1)
    assert [one.user.username for one in context["people"]] == ["bare"]
    assert "Your second factor is missing" in page.content.decode()
    assert decide(client, preview(), reason="").status_code == 422
    assert not Rule.objects.exists()
    assert decide(client, preview()).headers["location"] == f"{LIST}{Rule.objects.get().pk}/change/"
    assert AuditEvent.objects.get(action="rule.made").reason == "audit"
    answer = client.post(f"{LIST}{Rule.objects.get().pk}/people.csv?show=out", secure=True)
    assert b"bare" in answer.getvalue()


def test_the_preview_speaks_of_the_first_day_that_the_rule_bites(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client, today, now = staff("admin"), timezone.localdate(), timezone.now()
    admin = User.objects.get(username="admin-person")
    people = {name: make_user(name, created_at=LONG_AGO) for name in ("briefly", "long", "ending", "armed", "rests")}
    for name, days in {"briefly": 5, "long": 40}.items():
        exemptions.grant(people[name], today + timedelta(days=days), actor=admin, reason="r", now=now)
    add_factor(people["armed"])
    add_factor(people["ending"], expires_at=now + timedelta(days=5))
    add_factor(people["rests"], kind="sms", key=holdings.single_key(people["rests"]), suspended_at=now)
    coming = {"phone_next": "+4915112345678", "phone_next_at": now + timedelta(days=2)}
    User.objects.filter(username="rests").update(phone="+4917012345678", phone_source="self", **coming)
    address = preview(starts_on=(today + timedelta(days=7)).isoformat(), grace_days=3)
    page = client.get(address, secure=True)
    shown = page.content.decode()
    assert {one.user.username: one.has for one in page.context["people"]} == {"briefly": "", "ending": ""}
    day = date_format(today + timedelta(days=10), "j M Y")
    assert f"Locked out on {day}" in shown
    assert f"Who would be locked out on {day}" in shown
    assert "exemptions and factors that end before are over" in shown
    csv = client.post(address.replace("preview/", "preview/people.csv"), secure=True).getvalue().decode()
    assert [line.split(",")[0] for line in csv.splitlines()[1:]] == ["briefly", "ending"]
    assert decide(client, address).status_code == 302
    later = policy.deadline_of(Rule.objects.get())
    provisioning.bring_rested(now=later)
    closed = {name for name, one in people.items() if holdings.standing(one, now=later).closed}
    assert closed == {"briefly", "ending"}, "what was foretold is what the decision says on that day"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"starts_on": "soon"}, {"grace_days": -1}, {"grace_days": 9999}, {"factors": 9}, {"kinds": ["x"]},
        {"group": "999"}, {"group": "x"}, {"factors": 0}, {"starts_on": ""}, {"kinds": ["activation"]},
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused_beside_the_field(
    staff: Callable[..., Client], wrong: dict[str, Any]
) -> None:
    client = staff("admin")
    answer = client.post(preview(**wrong), {"seen": "", "do": "save", "reason": "r"}, secure=True)
    assert answer.status_code == 422
    assert not Rule.objects.exists()


@pytest.mark.parametrize("rule", ["999999", "x", "9" * 40, "-1"])
def test_a_rule_that_is_not_there_is_not_found(staff: Callable[..., Client], rule: str) -> None:
    assert staff("admin").get(preview(rule=rule), secure=True).status_code == 404


@pytest.mark.row("A-2.3.5")
def test_one_admin_alone_does_not_end_or_weaken_a_rule_for_everybody(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    rule = Rule.objects.create(name="All", starts_on=timezone.localdate(), factors=1, grace_days=0)
    weaker = preview(rule=rule.pk, grace_days=60)
    for path in (weaker, f"{LIST}{rule.pk}/end/"):
        assert decide(client, path).status_code == 409
        asked = decide(client, path, do="ask")
        row = Approval.objects.latest("pk")
        assert asked.headers["location"] == f"/admin/mfa/approval/{row.pk}/change/"
        client.post(f"/admin/mfa/approval/{row.pk}/approve/", secure=True)
        assert decide(client, path).status_code == 409
    found = Rule.objects.get()
    assert (found.grace_days, found.ended_at) == (0, None)
    second = give_role(make_user("second"), "admin")
    row = Approval.objects.get(act="rule.change")
    assert row.words == "Weaken the rule “All”, which concerns everybody: days of grace: 0 → 60"
    approvals.decide(row.pk, True, actor=second, now=timezone.now())
    assert client.get(row.page, secure=True).context["approved"], "the page of the approval leads to it"
    assert decide(client, row.page).status_code == 302
    assert Rule.objects.get().grace_days == 60
    assert decide(client, f"{LIST}{rule.pk}/end/").status_code == 409, "the approval of one thing is none of another"


@pytest.mark.row("A-8.3.2")
def test_whoever_may_only_look_sees_rules_and_changes_none(staff: Callable[..., Client]) -> None:
    rule = Rule.objects.create(name="All", starts_on=timezone.localdate())
    client = staff("auditor")
    page = client.get(f"{LIST}{rule.pk}/change/", secure=True).content.decode()
    assert "All" in page
    assert "/end/" not in page
    for path in ("add/", f"{rule.pk}/edit/", f"{rule.pk}/end/", "preview/?x=1"):
        assert client.get(f"{LIST}{path}", secure=True).status_code == 403, path


def test_people_who_are_left_are_reminded_by_a_button_once_a_day(
    staff: Callable[..., Client], crowd: dict[str, User]
) -> None:
    client = staff("admin")
    rule = Rule.objects.create(name="All", starts_on=timezone.localdate())
    path = f"{LIST}{rule.pk}/remind/"
    assert "quarter of an hour" in client.post(path, secure=True, follow=True).content.decode()
    assert "less than a day ago" in client.post(path, secure=True, follow=True).content.decode()
    assert AuditEvent.objects.filter(action="rule.reminded").count() == 1


def test_the_page_of_a_rule_costs_as_many_queries_for_forty_people_as_for_two(
    staff: Callable[..., Client], crowd: dict[str, User]
) -> None:
    client = staff("admin")
    rule = Rule.objects.create(name="All", starts_on=timezone.localdate())
    counts = []
    for more in (0, 40):
        User.objects.bulk_create(User(username=f"x{n}", password="!", created_at=LONG_AGO) for n in range(more))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{LIST}{rule.pk}/change/", secure=True).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] < 30


def test_an_admin_exempts_until_a_day_and_owns_it(staff: Callable[..., Client], crowd: dict[str, User]) -> None:
    client = staff("admin")
    Rule.objects.create(name="All hands", starts_on=timezone.localdate(), grace_days=0)
    bare = crowd["bare"]
    page = f"/admin/accounts/user/{bare.pk}/change/"
    assert "not met" in client.get(page, secure=True).content.decode()
    day = timezone.localdate() + timedelta(days=5)
    form = {"people": str(bare.pk), "reason": "on leave", "until": day.isoformat()}
    client.post(f"{ACT}exempt/", form, secure=True)
    assert Exemption.objects.get().owner.username == "admin-person"
    shown = client.get(page, secure=True).content.decode()
    assert "lifted by the exemption" in shown
    assert "All hands" in shown
    assert "admin-person" in shown
    assert "holds now" in client.get("/admin/mfa/exemption/?state=now", secure=True).content.decode()
    client.post(f"{ACT}end-exemption/", form, secure=True)
    assert policy.of(bare, now=timezone.now()).required
    assert "ended early" in client.get("/admin/mfa/exemption/?state=over", secure=True).content.decode()


@pytest.mark.parametrize("days", [-1, 400, None])
def test_an_exemption_without_end_or_in_the_past_is_refused(
    staff: Callable[..., Client], crowd: dict[str, User], days: int | None
) -> None:
    until = "" if days is None else (timezone.localdate() + timedelta(days=days)).isoformat()
    form = {"people": str(crowd["bare"].pk), "reason": "r", "until": until}
    assert staff("admin").post(f"{ACT}exempt/", form, secure=True).status_code == 422
    assert not Exemption.objects.exists()


def test_staff_are_not_exempt(staff: Callable[..., Client], make_user: Callable[..., User]) -> None:
    boss = give_role(make_user("boss"), "auditor")
    form = {"people": str(boss.pk), "reason": "r", "until": timezone.localdate().isoformat()}
    seen = staff("admin").post(f"{ACT}exempt/", form, secure=True, follow=True).content.decode()
    assert "always needs a second factor" in seen
    assert not Exemption.objects.exists()


def test_the_list_finds_who_must_have_a_factor_and_has_none(
    staff: Callable[..., Client], crowd: dict[str, User]
) -> None:
    client = staff("admin")
    finance = Group.objects.create(name="finance")
    for user in crowd.values():
        user.groups.add(finance)
    Rule.objects.create(name="F", starts_on=timezone.localdate(), grace_days=0, group=finance)

    def found(query: str) -> set[str]:
        page = client.get(f"/admin/accounts/user/?{query}", secure=True)
        return {one.username for one in page.context["cl"].result_list}

    assert found("required=yes&factor=no") == {"bare", "gone"}
    assert found("required=missing") == {"bare", "gone"}
    exemptions.grant(
        crowd["bare"], timezone.localdate(), actor=User.objects.get(username="admin-person"), reason="r",
        now=timezone.now(),
    )  # fmt: skip
    assert found("required=missing") == {"gone"}


@pytest.mark.parametrize(
    ("chosen", "names"), [("", {"All", "Old"}), ("no", {"All"}), ("yes", {"Old"}), ("x", {"All", "Old"})]
)
def test_rules_in_use_are_told_from_those_that_ended(
    staff: Callable[..., Client], chosen: str, names: set[str]
) -> None:
    Rule.objects.create(name="All", starts_on=timezone.localdate())
    Rule.objects.create(name="Old", starts_on=timezone.localdate(), ended_at=timezone.now())
    listed = staff("admin").get(f"{LIST}?ended={chosen}", secure=True).context["cl"].result_list
    assert {rule.name for rule in listed} == names
