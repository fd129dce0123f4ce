"""The plan: who becomes whom, which number counts, who must be left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.directory.drafts import Authority, Policy, Sharing
from accounts.directory.entries import Flaw, Problem, Record, Unreadable
from accounts.directory.known import LEFT
from accounts.directory.plan import Plan, digest
from accounts.people import Person
from accounts.phones import Reason, Rules
from tests.accounts.directory.samples import (
    ALICE,
    BOB,
    CAROL,
    MOBILE,
    OTHER,
    THIRD,
    entry,
    person,
    plan_of,
    synced,
    written,
)  # fmt: skip

DAY = timedelta(days=1)
LATER = datetime(2030, 1, 2, tzinfo=UTC)


def by_id(people: list[Person]) -> dict[str, Person]:
    return {person.directory_id: person for person in people}


def reasons(plan: Plan) -> list[str]:
    return sorted(problem.reason for problem in plan.problems)


def test_somebody_new_is_created_with_the_directory_number() -> None:
    [alice] = synced([entry(ALICE, "alice", "0170 1234567")])
    assert (alice.username, alice.phone, alice.phone_source, alice.directory_phone) == (
        "alice", MOBILE, "directory", MOBILE,
    )  # fmt: skip
    assert alice.is_active


def test_unchanged_entry_is_not_looked_at_again() -> None:
    known = synced([entry(ALICE, "alice", MOBILE)])
    plan = plan_of([entry(ALICE, "alice", MOBILE)], known)
    assert plan.is_empty
    assert plan.unchanged == 1


@pytest.mark.row("T-54")
def test_rename_and_other_case_keep_the_person() -> None:
    known = synced([entry(ALICE, "alice", MOBILE)])
    plan = plan_of([entry(ALICE, "alice.sample", MOBILE)], known)
    [change] = plan.changes
    assert (change.old.pk, change.new.username, change.visible) == (
        1,
        "alice.sample",
        ("username", "name", "email", "directory_dn"),
    )


@pytest.mark.row("T-54")
def test_reused_user_name_is_a_new_person_and_the_old_one_steps_aside() -> None:
    known = synced([entry(ALICE, "alice", MOBILE)])
    plan = plan_of([entry(BOB, "alice", OTHER)], known)
    after = by_id(written(plan, known))
    assert after[BOB].pk != after[ALICE].pk
    assert (after[BOB].username, after[BOB].phone) == ("alice", OTHER)
    assert (after[ALICE].username, after[ALICE].is_active) == ("alice~11111111", False)
    assert plan_of([entry(BOB, "alice", OTHER)], list(after.values())).is_empty


def test_somebody_who_stepped_aside_comes_back_under_another_name() -> None:
    known = synced([entry(BOB, "alice")], synced([entry(ALICE, "alice")]))
    after = by_id(synced([entry(BOB, "alice"), entry(ALICE, "alice2")], known))
    assert (after[ALICE].username, after[ALICE].is_active) == ("alice2", True)


@pytest.mark.row("T-54")
def test_names_swapped_between_two_entries_are_swapped() -> None:
    known = synced([entry(ALICE, "alice", MOBILE), entry(BOB, "bob", OTHER)])
    after = by_id(synced([entry(ALICE, "bob", MOBILE), entry(BOB, "alice", OTHER)], known))
    assert (after[ALICE].username, after[BOB].username) == ("bob", "alice")
    assert (after[ALICE].phone, after[BOB].phone) == (MOBILE, OTHER)


@pytest.mark.row("T-54")
def test_user_name_in_two_entries_changes_neither() -> None:
    known = synced([entry(ALICE, "alice", MOBILE)])
    plan = plan_of([entry(ALICE, "alice", OTHER), entry(BOB, "alice", THIRD)], known)
    assert plan.is_empty
    assert reasons(plan) == [Flaw.DUPLICATE_USERNAME] * 2
    assert {problem.pk for problem in plan.problems} == {0, 1}


@pytest.mark.row("T-54")
def test_id_in_two_entries_changes_nobody() -> None:
    known = synced([entry(ALICE, "alice", MOBILE)])
    plan = plan_of([entry(ALICE, "alice", OTHER), entry(ALICE, "alicia", THIRD)], known)
    assert plan.is_empty
    assert reasons(plan) == [Flaw.DUPLICATE_ID]


@pytest.mark.row("T-54")
def test_local_account_of_that_name_is_never_taken_over() -> None:
    local = person(7, "", "alice", phone=THIRD, phone_source="self")
    plan = plan_of([entry(ALICE, "alice", MOBILE)], [local])
    assert plan.is_empty
    assert reasons(plan) == [Flaw.LOCAL_ACCOUNT]


def test_whoever_waits_for_the_name_of_somebody_held_is_held_too() -> None:
    known = synced([entry(ALICE, "alice"), entry(BOB, "bob"), entry(CAROL, "carol")])
    records = [entry(ALICE, "dave"), entry("44444444", "dave"), entry(BOB, "alice"), entry(CAROL, "bob")]
    plan = plan_of(records, known)
    assert plan.is_empty
    assert reasons(plan) == [Flaw.DUPLICATE_USERNAME] * 2 + [Flaw.USERNAME_TAKEN] * 2


def test_leaver_is_deactivated_and_a_returner_comes_back() -> None:
    known = synced([entry(ALICE, "alice"), entry(BOB, "bob")])
    left = synced([entry(BOB, "bob")], known)
    assert not by_id(left)[ALICE].is_active
    assert by_id(left)[ALICE].directory_fingerprint == LEFT
    plan = plan_of([entry(ALICE, "alice"), entry(BOB, "bob")], left)
    assert [change.old.directory_id for change in plan.changes if not change.old.is_active] == [ALICE]


def test_somebody_an_admin_deactivated_stays_so() -> None:
    [alice] = synced([entry(ALICE, "alice")])
    barred = alice._replace(is_active=False)
    assert plan_of([entry(ALICE, "alice")], [barred]).is_empty
    [changed] = synced([entry(ALICE, "alice", MOBILE)], [barred])
    assert (changed.phone, changed.is_active) == (MOBILE, False)
    gone = synced([entry(BOB, "bob")], [barred])
    assert by_id(gone)[ALICE] == barred


def test_locked_entry_is_deactivated_and_a_new_locked_one_is_not_created() -> None:
    known = synced([entry(ALICE, "alice")])
    locked = [entry(ALICE, "alice", enabled=False), entry(BOB, "bob", enabled=False)]
    plan = plan_of(locked, known)
    assert [change.new.is_active for change in plan.changes] == [False]
    assert not plan.create
    after = written(plan, known)
    assert plan_of(locked, after).is_empty
    assert by_id(synced([entry(ALICE, "alice")], after))[ALICE].is_active


def test_unreadable_entry_keeps_its_person() -> None:
    known = synced([entry(ALICE, "alice"), entry(BOB, "bob"), entry(CAROL, "carol")])
    records: list[Record] = [
        Unreadable(ALICE, "", "", Problem(Flaw.NOT_TEXT, "uid")),
        Unreadable("", "", "bob", Problem(Flaw.NO_ID, "entryUUID")),
        Unreadable("", known[2].directory_dn.upper(), "", Problem(Flaw.NO_USERNAME, "uid")),
    ]
    plan = plan_of(records, known)
    assert plan.is_empty
    assert reasons(plan) == [Flaw.NO_ID, Flaw.NO_USERNAME, Flaw.NOT_TEXT]


def test_other_rules_for_numbers_make_every_entry_be_read_again() -> None:
    known = synced([entry(ALICE, "alice", "+44 7400 123456")], rules=Rules("DE", frozenset({"DE"})))
    assert known[0].phone == ""
    clean = synced([entry(BOB, "bob", MOBILE)], rules=Rules("DE", frozenset({"DE"})))
    plan = plan_of([entry(BOB, "bob", MOBILE)], clean, rules=Rules("DE", frozenset({"GB"})))
    assert reasons(plan) == [Reason.COUNTRY_NOT_ALLOWED, Flaw.NUMBER_GONE]
    [alice] = synced([entry(ALICE, "alice", "+44 7400 123456")], known)
    assert alice.phone == "+447400123456"


def test_unusable_values_are_reported_with_reason_and_suggestion_at_each_run() -> None:
    record = entry(ALICE, "alice", "0170 1234567 ext. 12")
    first = plan_of([record])
    known = written(first, [])
    again = plan_of([record], known)
    assert again.is_empty
    for plan in (first, again):
        [problem] = plan.problems
        assert (problem.reason, problem.attribute, problem.value, problem.suggestion) == (
            Reason.EXTENSION, "mobile", "0170 1234567 ext. 12", MOBILE,
        )  # fmt: skip


def test_number_changed_in_the_portal_stays_until_the_directory_changes() -> None:
    [alice] = synced([entry(ALICE, "alice", MOBILE)])
    mine = alice._replace(phone=THIRD, phone_source="self")
    assert plan_of([entry(ALICE, "alice", MOBILE)], [mine]).is_empty
    [renamed] = synced([entry(ALICE, "alicia", MOBILE)], [mine])
    assert renamed.phone == THIRD
    [moved] = synced([entry(ALICE, "alice", OTHER)], [mine])
    assert (moved.phone, moved.phone_source) == (OTHER, "directory")


def test_directory_that_catches_up_with_the_portal_leaves_the_confirmation_alone() -> None:
    [alice] = synced([entry(ALICE, "alice", MOBILE)])
    [after] = synced([entry(ALICE, "alice", OTHER)], [alice._replace(phone=OTHER, phone_source="self")])
    assert (after.phone, after.phone_source, after.directory_phone) == (OTHER, "self", OTHER)


@pytest.mark.row("T-53")
def test_number_that_the_directory_lost_is_kept_and_reported() -> None:
    known = synced([entry(ALICE, "alice", MOBILE)])
    plan = plan_of([entry(ALICE, "alice")], known)
    [alice] = written(plan, known)
    assert (alice.phone, alice.directory_phone) == (MOBILE, "")
    assert reasons(plan) == [Flaw.NUMBER_GONE]
    again = plan_of([entry(ALICE, "alice")], [alice])
    assert again.is_empty
    assert reasons(again) == [Flaw.NUMBER_GONE]
    assert (plan.tally.numbers_lost, again.tally.numbers_lost) == (1, 0)


@pytest.mark.row("T-54")
@pytest.mark.parametrize(("policy", "phones", "expected"), [
    ("allow", {MOBILE}, []),
    ("warn", {MOBILE}, [Flaw.NUMBER_SHARED] * 2),
    ("refuse", {""}, [Flaw.NUMBER_SHARED] * 2),
])  # fmt: skip
def test_number_of_two_people_follows_the_policy(policy: Sharing, phones: set[str], expected: list[str]) -> None:
    records = [entry(ALICE, "alice", MOBILE), entry(BOB, "bob", MOBILE)]
    plan = plan_of(records, policy=Policy(policy))
    after = written(plan, [])
    assert {person.phone for person in after} == phones
    assert reasons(plan) == expected
    again = plan_of(records, after, policy=Policy(policy))
    assert again.is_empty
    assert reasons(again) == expected


def test_refused_number_of_a_local_account_leaves_the_old_one() -> None:
    local = person(9, "", "root", phone=OTHER, phone_source="self")
    known = [local, *(p._replace(pk=1) for p in synced([entry(ALICE, "alice", MOBILE)]))]
    after = by_id(synced([entry(ALICE, "alice", OTHER)], known, policy=Policy("refuse")))
    assert (after[ALICE].phone, after[ALICE].directory_phone) == (MOBILE, MOBILE)


def test_numbers_swapped_between_two_people_are_shared_by_nobody() -> None:
    known = synced([entry(ALICE, "alice", MOBILE), entry(BOB, "bob", OTHER)])
    plan = plan_of([entry(ALICE, "alice", OTHER), entry(BOB, "bob", MOBILE)], known, policy=Policy("refuse"))
    assert reasons(plan) == []
    assert [change.visible for change in plan.changes] == [("phone",)] * 2


def test_some_entries_alone_deactivate_nobody_but_a_name_passes_on() -> None:
    known = synced([entry(ALICE, "alice"), entry(BOB, "bob")])
    after = by_id(synced([entry(CAROL, "alice")], known, complete=False))
    assert (after[CAROL].username, after[ALICE].username) == ("alice", "alice~11111111")
    assert after[ALICE].is_active
    assert after[BOB] == known[1]


@pytest.mark.row("T-55b")
def test_new_number_of_the_directory_rests_before_it_replaces_a_confirmed_one(now: datetime) -> None:
    known = [person(phone=MOBILE, phone_source="self", phone_confirmed_at=now)]
    [alice] = synced([entry(ALICE, "alice", OTHER)], known, policy=Policy(rests_until=LATER))
    assert (alice.phone, alice.phone_confirmed_at, alice.phone_next, alice.phone_next_at) == (MOBILE, now, OTHER, LATER)
    [again] = synced([entry(ALICE, "alice", OTHER, landline="1")], [alice], policy=Policy(rests_until=LATER + DAY))
    assert again.phone_next_at == LATER


def test_number_that_goes_back_in_the_directory_ends_the_rest(now: datetime) -> None:
    known = [person(phone=MOBILE, phone_source="self", phone_confirmed_at=now, phone_next=OTHER, phone_next_at=LATER)]
    [alice] = synced([entry(ALICE, "alice", MOBILE)], known, policy=Policy(rests_until=LATER))
    assert (alice.phone, alice.phone_confirmed_at, alice.phone_next, alice.phone_next_at) == (MOBILE, now, "", None)


def test_number_that_nobody_confirmed_is_replaced_at_once() -> None:
    known = [person(phone=MOBILE, phone_source="directory", directory_phone=MOBILE)]
    [alice] = synced([entry(ALICE, "alice", OTHER)], known, policy=Policy(rests_until=LATER))
    assert (alice.phone, alice.phone_next) == (OTHER, "")


@pytest.mark.parametrize(
    ("authority", "news", "expected"),
    [
        ("newest", True, OTHER), ("newest", False, MOBILE), ("write_back", True, OTHER), ("write_back", False, MOBILE),
        ("directory", True, OTHER), ("directory", False, OTHER), ("self", True, MOBILE), ("self", False, MOBILE),
    ],
)  # fmt: skip
def test_number_of_a_person_gives_way_as_the_policy_says(authority: Authority, news: bool, expected: str) -> None:
    known = [person(phone=MOBILE, phone_source="self", directory_phone=THIRD if news else OTHER)]
    [alice] = synced([entry(ALICE, "alice", OTHER)], known, policy=Policy(authority=authority))
    assert alice.phone == expected


def test_digest_names_the_plan_and_neither_its_order_nor_the_clock(now: datetime) -> None:
    known = [person(phone=MOBILE, phone_confirmed_at=now), person(2, BOB, "bob")]
    records = [entry(ALICE, "alice", OTHER), entry(BOB, "bob", MOBILE), entry(CAROL, "carol", THIRD)]
    first = digest(plan_of(records, known, policy=Policy(rests_until=LATER)))
    assert digest(plan_of(records[::-1], known[::-1], policy=Policy(rests_until=LATER + DAY))) == first
    assert (
        digest(plan_of([*records[:2], entry(CAROL, "carol", OTHER)], known, policy=Policy(rests_until=LATER))) != first
    )


@pytest.mark.row("T-52")
def test_digest_tells_whose_number_the_directory_lost_and_what_a_change_takes_the_place_of() -> None:
    known = [
        person(phone=MOBILE, directory_phone=MOBILE, phone_source="directory"),
        person(2, BOB, "bob", phone=OTHER, directory_phone=OTHER, phone_source="directory"),
    ]
    alice_lost = [entry(ALICE, "alice"), entry(BOB, "bob", OTHER)]
    bob_lost = [entry(ALICE, "alice", MOBILE), entry(BOB, "bob")]
    assert len({digest(plan_of(some, known)) for some in (alice_lost, bob_lost, [alice_lost[0], bob_lost[1]])}) == 3
    new = [entry(ALICE, "alice", THIRD), entry(BOB, "bob", OTHER)]
    own_since = [known[0]._replace(phone="+491741234567", phone_source="self"), known[1]]
    assert digest(plan_of(new, known)) != digest(plan_of(new, own_since))
