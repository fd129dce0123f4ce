from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings, strategies

from accounts.models import User
from mfa.authlog import doubles
from mfa.authlog.replay import Proposal, Verification, narrowest, replay
from mfa.outcomes import OATH_INCORRECT, OATH_VERIFIED, REMEMBERED
from mfa.verification import log

Log = Callable[..., None]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def logged(now: datetime) -> Log:
    def write(user: User, seconds: int, **more: object) -> None:
        fields = {"application": "vpn", "gateway": "vpn-1", "address": "198.51.100.7", "kind": "totp"} | more
        result = fields.pop("result", OATH_VERIFIED)
        log.write(user, user.username, result, now=now + timedelta(seconds=seconds), **fields)  # type: ignore[arg-type]

    return write


def found(now: datetime) -> list[doubles.Double]:
    return doubles.of(list(doubles.pairs(now - MINUTE, within=MINUTE)))


def test_two_verifications_of_one_person_within_seconds_are_a_double_prompt(
    alice: User, make_user: Callable[..., User], logged: Log, now: datetime
) -> None:
    bob = make_user("bob")
    logged(alice, 0)
    logged(bob, 5)
    logged(alice, 12)
    logged(bob, 300)
    (double,) = found(now)
    assert (double.first.person, double.seconds) == (alice.pk, 12)
    assert double.proposal == Proposal("address", "vpn", "totp", 30)


def test_refusals_passwords_spared_prompts_and_the_portals_own_are_no_double_prompts(
    alice: User, logged: Log, now: datetime
) -> None:
    logged(alice, 0)
    logged(alice, 5, result=OATH_INCORRECT)
    logged(alice, 6, kind="password")
    logged(alice, 7, result=REMEMBERED, rule="Ten minutes")
    logged(alice, 8, application="portal")
    assert found(now) == []


@pytest.mark.parametrize(
    ("second", "proposed"),
    [
        ({}, ("address", "vpn", "totp")),
        ({"address": "203.0.113.5"}, ("application", "vpn", "totp")),
        ({"address": "", "kind": "sms"}, ("application", "vpn", "")),
        ({"application": "mail"}, ("user", "", "totp")),
    ],
)
def test_the_narrowest_rule_that_ends_it_is_proposed(
    alice: User, logged: Log, now: datetime, second: dict[str, object], proposed: tuple[str, str, str]
) -> None:
    logged(alice, 0)
    logged(alice, 10, **second)
    (double,) = found(now)
    assert narrowest(double.first, double.second) == proposed
    (proposal,) = doubles.proposals([double])
    assert doubles.effects([proposal], now - MINUTE)[0].gone == 1


def test_the_effect_counts_prompts_people_and_gateways(
    alice: User, make_user: Callable[..., User], logged: Log, now: datetime
) -> None:
    for person in (alice, make_user("bob")):
        for seconds in (0, 10, 20, 31, 600):
            logged(person, seconds)
    (effect,) = doubles.effects([Proposal("application", "vpn", "totp", 30)], now - MINUTE)
    # What is spared renews nothing: the prompt after 31 seconds comes.
    assert (effect.prompts, effect.gone, len(effect.people), effect.gateways) == (10, 4, 2, {"vpn-1"})


verifications = strategies.lists(
    strategies.tuples(
        strategies.integers(0, 500), strategies.integers(1, 3), strategies.sampled_from(["a", "b"]),
        strategies.sampled_from(["", "x", "y"]), strategies.sampled_from(["totp", "sms"]),
    )
).map(sorted)  # fmt: skip


@given(verifications, strategies.sampled_from(["address", "application", "user"]), strategies.integers(1, 300))
@settings(max_examples=60)
def test_every_prompt_is_counted_and_the_first_of_a_person_is_never_spared(
    rows: list[tuple[int, int, str, str, str]], scope: str, seconds: int
) -> None:
    start = datetime(2026, 3, 2)
    past = [
        Verification(pk, start + timedelta(seconds=at), person, application, "", address, kind)
        for pk, (at, person, application, address, kind) in enumerate(rows)
    ]
    effect = replay(Proposal(scope, "", "", seconds), past)
    assert effect.prompts == len(past)
    assert effect.gone <= len(past) - len({one.person for one in past}) or not past
