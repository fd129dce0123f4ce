"""One person with two sessions, and two people, who decide in the same moment at two processes."""

from __future__ import annotations

import pytest

from tests.races.browser import Browser
from tests.races.harness import Portal, code_of
from tests.races.test_codes_race import in_time, new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]


def admin(portal: Portal, sessions: int) -> tuple[str, list[Browser]]:
    """Somebody with the role, signed in that often; each session with a code of its own step."""
    name = new_name()
    app = portal.stage("make_person", username=name)["apps"][0]
    portal.stage("make_admin", username=name)
    return name, [portal.signed_in(name, code_of(app["secret"], steps=step)) for step in range(sessions)]


@pytest.mark.row("T-60")
@pytest.mark.row("A-2.3.5")
def test_two_sessions_of_one_person_never_make_two_people(portal: Portal) -> None:
    asker, own = admin(portal, 2)
    second, others = admin(portal, 2)
    pk = portal.stage("ask_approval", username=asker)
    approve = f"/admin/mfa/approval/{pk}/approve/"
    in_time(portal.race([(browser, approve, {}) for browser in own] * 5), portal)
    assert portal.stage("approval", pk=pk) == {"state": "open", "decided_by": None, "audited": 0}
    in_time(portal.race([(browser, approve, {}) for browser in (*own, *others)] * 4), portal)
    assert portal.stage("approval", pk=pk) == {"state": "approved", "decided_by": second, "audited": 1}
