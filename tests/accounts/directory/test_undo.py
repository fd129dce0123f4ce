"""Taking a run back: exactly what it changed, as far as nothing changed since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import provisioning, users
from accounts.directory import life, outlook, undo
from accounts.directory.known import AWAY
from accounts.directory.verdicts import Left
from accounts.models import PhoneSource, SyncProblem, SyncRun, User
from accounts.people import COLUMNS
from accounts.signals import PhoneChange, phones_changed, users_deactivated
from tests.accounts.directory.places import Given, people_checksum, run
from tests.accounts.directory.samples import ALICE, BOB, CAROL, MOBILE, OTHER, THIRD, entry

pytestmark = pytest.mark.django_db

DAVE = "44444444-0000-4000-8000-000000000004"
CROWD = [entry(f"c{n:05d}", f"person{n:05d}", f"+49 170 {1000000 + n}") for n in range(20)]
SEEN = [column for column in COLUMNS if column not in ("directory_dn", "directory_fingerprint", "directory_phone")]


def undone(back: SyncRun, **options: Any) -> SyncRun:
    return undo.undo(back, trigger=SyncRun.Trigger.SHELL, actor=None, **options)


def people() -> dict[str, tuple[object, ...]]:
    """Everybody by directory id, as anybody sees them."""
    rows = User.objects.exclude(directory_id=None).values_list("directory_id", *SEEN)
    return {key: tuple(values) for key, *values in rows}


def by_id(directory_id: str) -> User:
    return User.objects.get(directory_id=directory_id)


def looked(of: SyncRun) -> tuple[dict[str, int], dict[str, int]]:
    found = outlook.count(of, now=timezone.now())
    for left, pks in ((False, found.to_restore), (True, found.to_leave)):
        page = outlook.page(of, found, left=left, first=0, most=50)
        assert [one.row.pk for one in page] == list(pks[:50])
        assert all(bool(one.left) is left and bool(one.back) is not left for one in page)
    return dict(found.restored), dict(found.left)


def test_whatever_a_run_changed_gets_its_former_value(settings: Any) -> None:
    settings.PHONE_COOL_DOWN_HOURS = 0
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob", OTHER), entry(CAROL, "carol"), *CROWD]))
    users.set_phone(by_id(ALICE), MOBILE, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=None)
    before = people()
    wrong = run(Given([entry(ALICE, "alicia", THIRD), entry(CAROL, "carol", MOBILE), entry(DAVE, "dave"), *CROWD]))
    assert len(people()) == 24
    assert looked(wrong) == ({"updated": 2, "reactivated": 1, "deactivated": 1}, {})
    done = undone(wrong)
    assert (done.state, done.mode, done.undoes, done.confirms) == ("done", "undo", wrong, None)
    assert done.counts["updated"] == 2
    assert (done.counts["reactivated"], done.counts["deactivated"], done.counts["left"]) == (1, 1, 0)
    after = people()
    assert not by_id(DAVE).is_active
    after.pop(DAVE)
    assert after == before


def test_next_run_does_not_do_the_same_again(settings: Any) -> None:
    settings.PHONE_COOL_DOWN_HOURS = 0
    run(Given([entry(ALICE, "alice", MOBILE), *CROWD]))
    reader = Given([entry(ALICE, "alicia", OTHER), entry(DAVE, "dave", THIRD), *CROWD])
    undone(run(reader))
    restored = people()
    again = run(reader)
    assert people() == restored
    assert (again.counts["updated"], again.counts["reactivated"], again.counts["refreshed"]) == (0, 0, 0)


def test_somebody_sent_away_returns_when_the_entry_changes() -> None:
    run(Given([*CROWD]))
    undone(run(Given([entry(DAVE, "dave", THIRD), *CROWD])))
    run(Given([entry(DAVE, "dave", OTHER), *CROWD]))
    dave = by_id(DAVE)
    assert (dave.is_active, dave.phone) == (True, OTHER)


def test_somebody_sent_away_whose_entry_has_a_problem_stays_away_as_well() -> None:
    run(Given([*CROWD]))
    reader = Given([entry(DAVE, "dave", "junk"), *CROWD])
    undone(run(reader))
    assert by_id(DAVE).directory_fingerprint == AWAY
    run(reader)
    run(reader)
    assert not by_id(DAVE).is_active
    run(Given([entry(DAVE, "dave", THIRD), *CROWD]))
    assert by_id(DAVE).is_active


def test_whoever_the_directory_still_lacks_is_deactivated_again_by_the_next_run() -> None:
    run(Given([entry(ALICE, "alice"), *CROWD]))
    gone = Given([*CROWD])
    undone(run(gone))
    assert by_id(ALICE).is_active
    assert run(gone).counts["deactivated"] == 1


def test_no_user_name_of_the_directory_is_in_the_way_of_somebody_elses_renaming() -> None:
    run(Given([entry(ALICE, "alice"), *CROWD]))
    bob = entry(BOB, f"~{by_id(ALICE).pk}~")
    run(Given([entry(ALICE, "alice"), bob, *CROWD]))
    assert run(Given([entry(ALICE, "alicia"), bob, *CROWD])).state == SyncRun.State.DONE
    assert by_id(ALICE).username == "alicia"


def test_somebody_who_left_again_since_is_not_let_back_in() -> None:
    with_alice, without = Given([entry(ALICE, "alice"), *CROWD]), Given([*CROWD])
    run(with_alice)
    wrong = run(without)
    run(with_alice)
    run(without)
    assert looked(wrong) == ({}, {Left.CHANGED_SINCE: 1})
    assert undone(wrong).counts["left"] == 1
    assert not by_id(ALICE).is_active


@pytest.mark.parametrize("what", ["phone", "name", "other run"])
def test_what_changed_since_is_left_and_named(what: str, settings: Any) -> None:
    settings.PHONE_COOL_DOWN_HOURS = 0
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob", OTHER), *CROWD]))
    wrong = run(Given([entry(ALICE, "alicia", THIRD), entry(BOB, "bob", "+491731234567"), *CROWD]))
    alice = by_id(ALICE)
    if what == "phone":
        users.set_phone(alice, "+491741234567", source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=None)
    elif what == "name":
        User.objects.filter(pk=alice.pk).update(name="Alice in person")
    else:
        run(Given([entry(ALICE, "alina", THIRD), entry(BOB, "bob", "+491731234567"), *CROWD]))
    before = people()[ALICE]
    assert looked(wrong) == ({"updated": 1}, {Left.CHANGED_SINCE: 1})
    done = undone(wrong)
    assert people()[ALICE] == before
    assert by_id(BOB).phone == OTHER
    problem = SyncProblem.objects.get(run=done)
    assert (problem.user, problem.reason, problem.is_open, done.counts["left"]) == (alice, "changed_since", False, 1)


def test_number_whose_rest_is_over_is_taken_back_as_well() -> None:
    run(Given([entry(ALICE, "alice", MOBILE), *CROWD]))
    users.set_phone(by_id(ALICE), MOBILE, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=None)
    before = people()
    wrong = run(Given([entry(ALICE, "alice", OTHER), *CROWD]))
    assert by_id(ALICE).phone_next == OTHER
    provisioning.bring_rested(now=timezone.now() + timedelta(days=2))
    assert by_id(ALICE).phone == OTHER
    undone(wrong)
    assert people() == before


def test_resting_number_is_forgotten_and_one_that_rested_before_rests_again() -> None:
    run(Given([entry(ALICE, "alice", MOBILE), *CROWD]))
    users.set_phone(by_id(ALICE), MOBILE, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=None)
    run(Given([entry(ALICE, "alice", OTHER), *CROWD]))
    resting = people()
    undone(run(Given([entry(ALICE, "alice", THIRD), *CROWD])))
    assert people() == resting


@pytest.mark.row("T-54")
def test_names_swap_back_and_a_name_passed_on_returns_to_its_owner() -> None:
    run(Given([entry(ALICE, "alice"), entry(BOB, "bob"), entry(CAROL, "carol"), *CROWD]))
    before = people()
    wrong = run(Given([entry(ALICE, "bob"), entry(BOB, "alice"), entry(DAVE, "carol"), *CROWD]))
    assert by_id(CAROL).username == "carol~33333333"
    assert looked(wrong) == ({"updated": 2, "reactivated": 1, "deactivated": 1}, {})
    done = undone(wrong)
    after = people()
    assert (by_id(DAVE).username, by_id(DAVE).is_active) == (f"carol~{DAVE[:16]}", False)
    after.pop(DAVE)
    assert after == before
    undone(done)
    assert (by_id(DAVE).username, by_id(DAVE).is_active, by_id(CAROL).is_active) == ("carol", True, False)
    assert (by_id(ALICE).username, by_id(BOB).username) == ("bob", "alice")


@pytest.mark.row("T-54")
def test_name_that_somebody_else_has_now_is_left_with_all_who_wait_for_it(make_user: Any) -> None:
    run(Given([entry(ALICE, "alice"), entry(BOB, "bob"), *CROWD]))
    wrong = run(Given([entry(ALICE, "alina"), entry(BOB, "alice"), *CROWD]))
    make_user("bob")
    before = people()
    assert looked(wrong) == ({}, {Left.NAME_TAKEN: 2})
    done = undone(wrong)
    assert people() == before
    assert {problem.reason for problem in done.problems.all()} == {"name_taken"}


@pytest.mark.row("T-54")
@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_a_number_that_somebody_has_meanwhile_is_given_back_only_where_it_may_have_two_owners(
    policy: str, settings: Any, make_user: Any
) -> None:
    settings.PHONE_COOL_DOWN_HOURS, settings.PHONE_SHARED = 0, policy
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob", OTHER), *CROWD]))
    wrong = run(Given([entry(ALICE, "alice", THIRD), entry(BOB, "bob", "+491731234567"), *CROWD]))
    make_user("other", phone=MOBILE, phone_source=PhoneSource.SELF)
    refused = policy == "refuse"
    assert looked(wrong) == (({"updated": 1}, {Left.NUMBER_TAKEN: 1}) if refused else ({"updated": 2}, {}))
    done = undone(wrong)
    assert by_id(ALICE).phone == (THIRD if refused else MOBILE)
    assert by_id(BOB).phone == OTHER
    assert [problem.reason for problem in done.problems.all()] == (["number_taken"] if refused else [])


@pytest.mark.row("T-54")
@pytest.mark.parametrize("bob_confirmed", [False, True])
def test_numbers_that_went_round_go_back_together_or_wait_for_whoever_keeps_one(
    settings: Any, bob_confirmed: bool
) -> None:
    settings.PHONE_COOL_DOWN_HOURS, settings.PHONE_SHARED = 0, "refuse"
    numbers = {ALICE: MOBILE, BOB: OTHER, CAROL: THIRD}
    names = {ALICE: "alice", BOB: "bob", CAROL: "carol"}

    def given(has: dict[str, str]) -> Given:
        return Given([*(entry(key, names[key], number) for key, number in has.items()), *CROWD])

    run(given(numbers))
    before = people()
    round_ = {ALICE: OTHER, BOB: THIRD, CAROL: MOBILE}
    wrong = run(given(round_))
    assert {key: by_id(key).phone for key in names} == round_
    if not bob_confirmed:
        undone(wrong)
        assert people() == before
        return
    User.objects.filter(directory_id=BOB).update(phone_confirmed_at=timezone.now())
    assert looked(wrong) == ({}, {Left.CHANGED_SINCE: 1, Left.NUMBER_TAKEN: 2})
    undone(wrong)
    assert {key: by_id(key).phone for key in names} == round_


def test_undo_of_an_undo_is_the_run_again() -> None:
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob"), *CROWD]))
    wrong = run(Given([entry(ALICE, "alicia", OTHER), entry(DAVE, "dave"), *CROWD]))
    after = people()
    undone(undone(wrong))
    assert people() == after


def test_undo_done_twice_finds_nothing_more_to_do() -> None:
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob"), *CROWD]))
    wrong = run(Given([entry(ALICE, "alicia", OTHER), entry(DAVE, "dave"), *CROWD]))
    undone(wrong)
    before = people_checksum()
    again = undone(wrong)
    assert (again.state, again.changes.count(), again.problems.count()) == ("done", 0, 0)
    assert people_checksum() == before
    assert looked(wrong) == ({}, {})


def test_sessions_end_and_everybody_is_told_as_at_any_change(settings: Any) -> None:
    settings.PHONE_COOL_DOWN_HOURS = 0
    run(Given([entry(ALICE, "alice", MOBILE), *CROWD]))
    wrong = run(Given([entry(ALICE, "alice", OTHER), entry(DAVE, "dave"), *CROWD]))
    epochs = dict(User.objects.values_list("directory_id", "security_epoch"))
    heard: list[object] = []

    def hear_phones(changes: list[PhoneChange], **more: object) -> None:
        assert connection.in_atomic_block
        heard.append(changes)

    def hear_leavers(user_ids: list[int], **more: object) -> None:
        heard.append(user_ids)

    phones_changed.connect(hear_phones)
    users_deactivated.connect(hear_leavers)
    undone(wrong)
    phones_changed.disconnect(hear_phones)
    users_deactivated.disconnect(hear_leavers)
    alice, dave = by_id(ALICE), by_id(DAVE)
    assert heard == [[PhoneChange(alice.pk, OTHER, MOBILE)], [dave.pk]]
    assert (alice.security_epoch, dave.security_epoch) == (epochs[ALICE] + 1, epochs[DAVE] + 1)


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_only_a_run_that_wrote_can_be_undone(state: str) -> None:
    row = SyncRun.objects.create(trigger="shell", state=state)
    with pytest.raises(undo.NothingToUndo):
        undone(row)
    dry = run(Given([*CROWD]), dry_run=True) if state == "stopped" else row
    with pytest.raises(undo.NothingToUndo):
        undone(dry)


@pytest.mark.row("T-55d")
def test_undo_waits_for_no_run_and_no_run_for_an_undo() -> None:
    back = run(Given([*CROWD]))
    SyncRun.objects.create(trigger="schedule")
    with pytest.raises(life.AlreadyRunning):
        undone(back)


def test_undo_given_up_for_dead_writes_nothing_more() -> None:
    back = run(Given([*CROWD]))
    before = people()

    def give_up(step: str, done: int, total: int) -> None:
        life.bury_the_silent(timezone.now() + timedelta(hours=1))

    with pytest.raises(life.RunLost):
        undone(back, progress=give_up)
    assert people() == before


def test_undo_asks_no_question_per_person() -> None:
    def cost(count: int) -> int:
        crowd = [entry(f"x{count}-{n:03d}", f"x{count}-{n:03d}", f"+49 171 {2000000 + n}") for n in range(count)]
        back = run(Given([*CROWD, *crowd]))
        with CaptureQueriesContext(connection) as captured:
            undone(back)
        return len(captured)

    assert cost(90) <= cost(10)
