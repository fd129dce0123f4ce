"""One person with two sessions, and two people, who decide in the same moment at two processes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.races.browser import Browser
from tests.races.harness import Portal, code_of
from tests.races.test_codes_race import in_time, new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]


def signed_in(portal: Portal, role: str, sessions: int) -> tuple[str, list[Browser]]:
    """Somebody with the role, signed in that often; each session with a code of its own step."""
    name = new_name()
    app = portal.stage("make_person", username=name)["apps"][0]
    portal.stage("give_the_role", username=name, role=role)
    return name, [portal.signed_in(name, code_of(app["secret"], steps=step)) for step in range(sessions)]


@pytest.mark.row("T-60")
@pytest.mark.row("A-2.3.5")
def test_two_sessions_of_one_person_never_make_two_people(portal: Portal) -> None:
    asker, own = signed_in(portal, "admin", 2)
    second, others = signed_in(portal, "admin", 2)
    pk = portal.stage("ask_approval", username=asker)
    approve = f"/admin/mfa/approval/{pk}/approve/"
    in_time(portal.race([(browser, approve, {}) for browser in own] * 5), portal)
    assert portal.stage("approval", pk=pk) == {"state": "open", "decided_by": None, "audited": 0}
    in_time(portal.race([(browser, approve, {}) for browser in (*own, *others)] * 4), portal)
    assert portal.stage("approval", pk=pk) == {"state": "approved", "decided_by": second, "audited": 1}


@pytest.mark.row("T-60")
@pytest.mark.row("A-2.3.5")
def test_of_two_people_with_two_sessions_each_one_uses_an_approval_once(portal: Portal) -> None:
    person = new_name()
    pk = portal.stage("make_person", username=person)["pk"]
    asker, own = signed_in(portal, "helpdesk", 2)
    second, others = signed_in(portal, "helpdesk", 2)
    page, typed = "/admin/accounts/user/act/reset/", {"people": str(pk), "reason": "Lost phone", "ticket": "INC-7"}
    typed["identity"] = "call-back"
    asked = own[0].post(page, **typed, do="ask")
    number = int(asked.location.split("/")[-3])
    in_time([others[0].post(f"/admin/mfa/approval/{number}/approve/")], portal)
    in_time(portal.race([(browser, page, typed) for browser in (*own, *others)] * 4), portal)
    assert portal.stage("approval", pk=number) == {"state": "used", "decided_by": second, "audited": 1}
    assert portal.stage("resets_of", username=person) == [asker]


@pytest.mark.row("A-2.3.5")
def test_slices_of_a_list_at_once_exempt_no_more_people_than_one_admin_may(portal: Portal) -> None:
    people = [str(portal.stage("make_person", username=new_name())["pk"]) for _person in range(24)]
    asker, own = signed_in(portal, "admin", 2)
    typed = {"reason": "On leave", "until": (timezone.localdate() + timedelta(days=9)).isoformat()}
    slices = [typed | {"people": ",".join(people[start : start + 6])} for start in range(0, 24, 6)]
    page = "/admin/accounts/user/act/exempt/"
    in_time(portal.race([(browser, page, some) for browser in own for some in slices]), portal)
    assert portal.stage("exempted_by", username=asker) <= 10


@pytest.mark.row("A-2.3.5")
def test_rules_for_groups_that_end_at_once_add_up_for_one_admin(portal: Portal) -> None:
    people = [portal.stage("make_person", username=new_name())["pk"] for _person in range(24)]
    slices = [people[start : start + 6] for start in range(0, 24, 6)]
    for _admin in range(4):
        ends = [f"/admin/mfa/rule/{portal.stage('rule_for', people=some)}/end/" for some in slices]
        admin, own = signed_in(portal, "admin", 2)
        typed = {"reason": "r", "do": "save"}
        in_time(portal.race([(own[place % 2], path, typed) for place, path in enumerate(ends)]), portal)
        assert portal.stage("rules_ended_by", username=admin) == 1
