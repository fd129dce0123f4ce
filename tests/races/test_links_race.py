"""Links in notices, and a caller's code, that are used in the same moment at two processes."""

from __future__ import annotations

import pytest

from tests.races.harness import Portal
from tests.races.test_approvals_race import signed_in
from tests.races.test_codes_race import in_time, new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]


@pytest.mark.row("T-03")
@pytest.mark.parametrize(("staged", "action"), [("announce", "phone.refused"), ("change_phone", "phone.restored")])
def test_of_twenty_requests_with_the_same_link_one_acts(portal: Portal, staged: str, action: str) -> None:
    name = new_name()
    own = int(name.removeprefix("racer"))
    portal.stage("make_person", username=name)
    portal.stage("give_phone", username=name, number=f"+491513{own:07d}")
    link = portal.stage(staged, username=name, number=f"+491514{own:07d}")
    browser = portal.browser()
    browser.get(link)
    answers = in_time(portal.race([(browser, link, {})] * 20), portal)
    assert [answer.status for answer in answers].count(200) == 1
    assert {answer.status for answer in answers} <= {200, 410}
    assert portal.stage("audited", username=name, action=action) == 1


@pytest.mark.row("T-03")
def test_a_callers_code_typed_by_two_agents_at_once_passes_one_check(portal: Portal) -> None:
    caller = new_name()
    pk = portal.stage("make_person", username=caller)["pk"]
    portal.stage("give_mailbox", username=caller)
    asker, own = signed_in(portal, "helpdesk", 2)
    _second, others = signed_in(portal, "helpdesk", 2)
    code = portal.stage("ask_caller", username=caller, agent=asker)
    page = f"/admin/accounts/user/{pk}/caller/"
    in_time(portal.race([(browser, page, {"code": code}) for browser in (*own, *others)] * 4), portal)
    assert portal.stage("audited", username=caller, action="caller.passed") == 1
    assert portal.stage("passed_checks", username=caller) == [asker]
