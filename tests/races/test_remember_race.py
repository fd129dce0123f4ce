"""A verification that meets a change of the account at another process leaves nothing that spares a code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.races.asking import ask, together
from tests.races.harness import Portal, code_of, wait_for_fresh_step
from tests.races.test_codes_race import new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

AT_ONCE = 3


@pytest.fixture(scope="module")
def key(portal: Portal) -> str:
    """Of an application where one code spares everybody the next for a day."""
    return str(portal.stage("give_remembering_key"))


def person(portal: Portal, key: str) -> tuple[str, Callable[[], bool]]:
    """Somebody new, and what asks with their present code whether they are let in."""
    name = new_name()
    secret = portal.stage("make_person", username=name)["apps"][0]["secret"]
    wait_for_fresh_step()
    code = code_of(secret)
    return name, lambda: bool(ask(portal, key, username=name, code=code)[1]["accepted"])


@pytest.mark.row("T-40")
@pytest.mark.parametrize("change", ["phone", "reset", "epoch"])
def test_verifications_that_began_before_a_change_leave_nothing_that_spares_a_code(
    portal: Portal, key: str, change: str
) -> None:
    name, verify = person(portal, key)
    portal.stage("begin_change", username=name, change=change, awaited=AT_ONCE)
    together([verify] * AT_ONCE)
    portal.stage("end_change")
    assert len(portal.stage("logged", username=name)) == AT_ONCE
    assert not portal.stage("is_spared", username=name)
    assert not ask(portal, key, "challenge", username=name)[1]["accepted"]


@pytest.mark.row("T-40")
@pytest.mark.parametrize("turn", range(5))
def test_a_reset_at_the_same_moment_as_verifications_leaves_nothing_whoever_comes_first(
    portal: Portal, key: str, turn: int
) -> None:
    name, verify = person(portal, key)
    together([partial(portal.stage, "change_account", username=name, change="reset"), *[verify] * AT_ONCE])
    assert not portal.stage("is_spared", username=name)
    assert not ask(portal, key, username=name, code="000000")[1]["accepted"]


@pytest.mark.row("T-40")
def test_without_a_change_the_same_verification_spares_the_next_code(portal: Portal, key: str) -> None:
    """So that the races above prove something."""
    name, verify = person(portal, key)
    assert verify()
    assert portal.stage("is_spared", username=name)
    assert ask(portal, key, "challenge", username=name)[1]["accepted"]
