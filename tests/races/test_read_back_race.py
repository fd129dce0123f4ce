"""The code for a number that helpdesk sets, typed in the same moment at two processes, and beside other changes."""

from __future__ import annotations

import pytest

from tests.races.browser import Browser
from tests.races.harness import Portal
from tests.races.test_approvals_race import signed_in
from tests.races.test_codes_race import in_time, new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

FORM = "/admin/accounts/user/act/phone/"


def typed(pk: int, number: str, way: str) -> dict[str, str]:
    return {
        "people": str(pk), "number": number, "confirmation": way, "reason": "New phone", "identity": "call-back",
        "ticket": "INC-7",
    }  # fmt: skip


def begun(portal: Portal, role: str) -> tuple[str, int, Browser, str]:
    """A caller, an agent's browser with one caller check, and the code that went to the new phone."""
    caller = new_name()
    pk = portal.stage("make_person", username=caller)["pk"]
    agent, (browser,) = signed_in(portal, role, 1)
    portal.stage("pass_check", username=caller, agent=agent)
    number = f"+491515{int(caller.removeprefix('racer')):07d}"
    sent = browser.post(FORM, **typed(pk, number, "with-confirmation"))
    assert sent.location.endswith(f"/{pk}/number/"), sent
    return caller, pk, browser, portal.stage("helpdesk_code", username=caller)


@pytest.mark.row("T-03")
@pytest.mark.row("T-59")
def test_of_twenty_requests_with_the_same_code_and_ten_without_one_saves_a_number(portal: Portal) -> None:
    caller, pk, browser, code = begun(portal, "helpdesk")
    other = f"+491516{int(caller.removeprefix('racer')):07d}"
    with_code = (browser, f"/admin/accounts/user/{pk}/number/", {"code": code})
    without = (browser, FORM, typed(pk, other, "without-confirmation"))
    in_time(portal.race([with_code] * 20 + [without] * 10), portal)
    assert portal.stage("audited", username=caller, action="phone.changed") == 1
    assert portal.stage("checks_used", username=caller) == [["phone"]]


@pytest.mark.row("T-59")
@pytest.mark.parametrize("change", ["phone", "epoch", "reset"])
def test_a_code_that_waits_while_the_account_changes_saves_nothing(portal: Portal, change: str) -> None:
    """Of an admin, who needs no caller check: one would end with the account's change as well."""
    caller, pk, browser, code = begun(portal, "admin")
    portal.stage("begin_change", username=caller, change=change, awaited=4)
    in_time(portal.race([(browser, f"/admin/accounts/user/{pk}/number/", {"code": code})] * 6), portal)
    portal.stage("end_change")
    assert portal.stage("audited", username=caller, action="identity.checked") == 0
