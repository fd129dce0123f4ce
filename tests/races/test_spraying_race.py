"""Wrong answers about many accounts from one address that are judged in the same moment, at two processes."""

from __future__ import annotations

from functools import partial

import pytest

from mfa.outcomes import OATH_INCORRECT, OATH_VERIFIED, SOURCE_HELD_UP, USER_NOT_FOUND
from tests.races.asking import Told, ask, together
from tests.races.harness import PASSWORD, Portal, code_of, wait_for_fresh_step
from tests.races.test_codes_race import new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

AT_ONCE, LEFT = 12, 5


def held(portal: Portal, address: str, questions: list[dict[str, str]], *, key: str) -> list[Told]:
    """The answers to all of them, judged in the moment in which that becomes possible; five wrong ones are left."""
    portal.stage("hold_misses", address=address, left=LEFT, awaited=len(questions))
    told = together([partial(ask, portal, key, address=address, **question) for question in questions])
    portal.stage("end_change")
    return told


def people(portal: Portal) -> dict[str, str]:
    """Secrets by name."""
    names = [new_name() for _ in range(AT_ONCE)]
    return {name: portal.stage("make_person", username=name)["apps"][0]["secret"] for name in names}


def results(portal: Portal, names: list[str]) -> list[int]:
    return [code for name in names for code in portal.stage("logged", username=name)]


@pytest.mark.row("T-10")
@pytest.mark.row("T-11")
def test_of_wrong_codes_about_many_people_at_once_no_more_than_the_limit_is_judged(portal: Portal) -> None:
    key, names = portal.stage("give_believing_key"), list(people(portal))
    held(portal, "198.51.100.101", [{"username": name, "code": "1" * 6} for name in names], key=key)
    found = results(portal, names)
    assert found.count(OATH_INCORRECT.code) == LEFT
    assert found.count(SOURCE_HELD_UP.code) == AT_ONCE - LEFT


@pytest.mark.row("T-10")
def test_right_codes_of_many_newcomers_at_once_cost_their_address_nothing(portal: Portal) -> None:
    key, secrets = portal.stage("give_believing_key"), people(portal)
    wait_for_fresh_step()
    questions = [{"username": name, "code": code_of(secret)} for name, secret in secrets.items()]
    told = held(portal, "198.51.100.102", questions, key=key)
    assert [answer["accepted"] for _, answer in told] == [True] * AT_ONCE
    assert results(portal, list(secrets)) == [OATH_VERIFIED.code] * AT_ONCE


@pytest.mark.row("T-10")
@pytest.mark.row("T-11")
def test_of_wrong_passwords_at_many_names_at_once_no_more_than_the_limit_is_judged(portal: Portal) -> None:
    key = portal.stage("give_believing_key", mode="password-then-code")
    names = [new_name() for _ in range(AT_ONCE)]
    guess = {"password": "Spring1!", "code": "1" * 6}
    held(portal, "198.51.100.103", [{"username": name, **guess} for name in names], key=key)
    found = results(portal, names)
    assert found.count(USER_NOT_FOUND.code) == LEFT
    assert found.count(SOURCE_HELD_UP.code) == AT_ONCE - LEFT


@pytest.mark.row("T-10")
def test_right_passwords_of_newcomers_are_given_back_to_their_address(portal: Portal) -> None:
    key, secrets = portal.stage("give_believing_key", mode="password-then-code"), people(portal)
    wait_for_fresh_step(15)
    portal.stage("hold_misses", address="198.51.100.104", left=1, awaited=0)
    portal.stage("end_change")
    for name, secret in secrets.items():
        question = {"username": name, "password": PASSWORD, "code": code_of(secret), "address": "198.51.100.104"}
        assert ask(portal, key, **question)[1]["accepted"]
