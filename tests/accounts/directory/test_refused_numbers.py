"""A number of the directory that its owner refused stays refused until the directory has another one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from accounts.directory.drafts import Authority, Policy
from accounts.directory.entries import Flaw
from accounts.people import Person
from tests.accounts.directory.samples import ALICE, BOB, MOBILE, OTHER, THIRD, entry, person, plan_of, synced

pytestmark = pytest.mark.row("T-55b")
LATER = datetime(2030, 1, 2, tzinfo=UTC)
SOURCES = ("directory", "self", "helpdesk")


def who_refused(source: str, now: datetime) -> Person:
    return person(
        phone=MOBILE, phone_source=source, phone_confirmed_at=now, directory_phone=OTHER, phone_next=OTHER,
    )  # fmt: skip


@pytest.mark.parametrize("authority", get_args(Authority))
@pytest.mark.parametrize("source", SOURCES)
def test_no_look_brings_it_back(authority: Authority, source: str, now: datetime) -> None:
    policy = Policy(authority=authority, rests_until=LATER)
    alice = who_refused(source, now)
    for landline in ("+49 30 1", "+49 30 2"):
        [alice] = synced([entry(ALICE, "alice", OTHER, landline=landline)], [alice], policy=policy)
        assert (alice.phone, alice.phone_next, alice.phone_next_at) == (MOBILE, OTHER, None)


@pytest.mark.parametrize(
    ("authority", "source"),
    [
        (authority, source)
        for authority in get_args(Authority)
        for source in SOURCES
        if (authority, source) != ("self",) * 2
    ],
)
def test_another_number_rests_anew_and_so_does_the_same_one_after_it(
    authority: Authority, source: str, now: datetime
) -> None:
    policy = Policy(authority=authority, rests_until=LATER)
    alice = who_refused(source, now)
    for number in (THIRD, OTHER):
        [alice] = synced([entry(ALICE, "alice", number)], [alice], policy=policy)
        assert (alice.phone, alice.phone_next, alice.phone_next_at) == (MOBILE, number, LATER)


def test_it_is_nobodys_so_that_its_real_owner_may_have_it(now: datetime) -> None:
    known = [who_refused("self", now)]
    plan = plan_of([entry(ALICE, "alice", OTHER), entry(BOB, "bob", OTHER)], known, policy=Policy("refuse"))
    assert [change.new.phone for change in plan.create] == [OTHER]
    assert Flaw.NUMBER_SHARED not in {problem.reason for problem in plan.problems}
