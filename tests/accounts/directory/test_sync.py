"""A run from its beginning to its report, on the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import users
from accounts.directory import life
from accounts.directory.entries import Flaw, Problem, Record, Unreadable
from accounts.directory.known import LEFT
from accounts.directory.readers import PartialResult
from accounts.models import PhoneSource, SyncChange, SyncProblem, SyncRun, User
from accounts.phones import mask
from accounts.signals import PhoneChange, phones_changed, users_deactivated
from mfa.models import AuditEvent
from tests.accounts.directory.places import Given, people_checksum, run
from tests.accounts.directory.samples import ALICE, BOB, CAROL, MOBILE, OTHER, THIRD, entry

pytestmark = pytest.mark.django_db


def crowd(count: int, *, first: int = 0) -> list[Record]:
    return [entry(f"c{n:05d}", f"person{n:05d}", f"+49 170 {1000000 + n}") for n in range(first, first + count)]


def test_people_are_created_and_a_second_run_has_nothing_to_do() -> None:
    reader = Given([entry(ALICE, "alice", "0170 1234567")], [entry(BOB, "bob", "030 123456")])
    first = run(reader)
    assert (first.state, first.finished_at is not None, first.message) == (SyncRun.State.DONE, True, "")
    alice = User.objects.get(directory_id=ALICE)
    assert (alice.username, alice.phone, alice.phone_source, alice.phone_confirmed_at) == (
        "alice", MOBILE, PhoneSource.DIRECTORY, None,
    )  # fmt: skip
    assert not alice.has_usable_password()
    alice.full_clean()
    before = people_checksum()
    second = run(reader)
    assert (second.counts["unchanged"], second.counts["created"], second.counts["refreshed"]) == (2, 0, 0)
    assert people_checksum() == before


def test_every_change_is_kept_with_its_run() -> None:
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob"), *crowd(20)]))
    second = run(Given([entry(ALICE, "alicia", OTHER), entry(CAROL, "carol"), *crowd(20)]))
    kept = {change.kind: change for change in second.changes.select_related("user")}
    assert set(kept) == {"updated", "deactivated", "created"}
    changed = kept["updated"]
    assert changed.old["phone"] == MOBILE
    assert changed.new == {
        "username": "alicia", "name": "Alicia", "email": "alicia@example.test", "phone": OTHER,
        "phone_source": "directory", "phone_confirmed_at": None, "phone_next": "", "phone_next_at": None,
        "directory_dn": "uid=alicia,ou=people,dc=example,dc=test",
    }  # fmt: skip
    assert changed.touches == ",username,name,email,phone,directory_dn,"
    assert kept["deactivated"].old == {"is_active": True}
    assert kept["created"].username == User.objects.get(directory_id=CAROL).username == "carol"
    assert (second.counts["updated"], second.counts["created"], second.counts["deactivated"]) == (1, 1, 1)


def test_changed_number_and_leaving_end_sessions_and_are_told_in_bulk(now: datetime, settings: Any) -> None:
    settings.PHONE_COOL_DOWN_HOURS = 0
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob", OTHER), *crowd(20)]))
    alice = User.objects.get(directory_id=ALICE)
    users.set_phone(alice, MOBILE, source=PhoneSource.DIRECTORY, confirmed_at=now, actor=None)
    heard: list[object] = []

    def hear_phones(changes: list[PhoneChange], source: str, actor: object, **kwargs: object) -> None:
        assert connection.in_atomic_block
        heard.append((changes, source, actor))

    def hear_leavers(user_ids: list[int], **kwargs: object) -> None:
        assert connection.in_atomic_block
        heard.append(user_ids)

    phones_changed.connect(hear_phones)
    users_deactivated.connect(hear_leavers)
    before = dict(User.objects.values_list("pk", "security_epoch"))
    run(Given([entry(ALICE, "alice", THIRD), *crowd(20)]))
    phones_changed.disconnect(hear_phones)
    users_deactivated.disconnect(hear_leavers)
    bob = User.objects.get(directory_id=BOB)
    alice.refresh_from_db()
    assert heard == [[bob.pk], ([PhoneChange(alice.pk, MOBILE, THIRD)], PhoneSource.DIRECTORY, None)]
    assert (alice.phone_confirmed_at, alice.security_epoch) == (None, before[alice.pk] + 1)
    assert (bob.is_active, bob.security_epoch, bob.phone) == (False, before[bob.pk] + 1, OTHER)
    assert bob.deactivated_at is not None
    others = User.objects.exclude(pk__in=[alice.pk, bob.pk])
    assert all(before[other.pk] == other.security_epoch for other in others)


def test_returner_is_active_again() -> None:
    run(Given([entry(ALICE, "alice"), *crowd(5)]))
    run(Given(crowd(5)))
    assert User.objects.get(directory_id=ALICE).directory_fingerprint == LEFT
    run(Given([entry(ALICE, "alice"), *crowd(5)]))
    alice = User.objects.get(directory_id=ALICE)
    assert (alice.is_active, alice.deactivated_at) == (True, None)


@pytest.mark.row("T-54")
def test_names_are_swapped_and_passed_on_in_one_run() -> None:
    run(Given([entry(ALICE, "alice"), entry(BOB, "bob"), entry(CAROL, "carol")]))
    pks = dict(User.objects.values_list("directory_id", "pk"))
    done = run(Given([entry(ALICE, "bob"), entry(BOB, "alice"), entry("dddd4444", "carol")]))
    assert done.state == SyncRun.State.DONE
    names = dict(User.objects.values_list("directory_id", "username"))
    assert names == {ALICE: "bob", BOB: "alice", CAROL: "carol~33333333", "dddd4444": "carol"}
    assert {key: pk for key, pk in User.objects.values_list("directory_id", "pk") if key in pks} == pks


@pytest.mark.row("T-54")
def test_local_account_of_the_name_is_reported_and_untouched(make_user: Callable[..., User]) -> None:
    make_user("alice", phone=THIRD)
    before = people_checksum()
    done = run(Given([entry(ALICE, "alice", MOBILE)]))
    assert people_checksum() == before
    problem = done.problems.get()
    assert (problem.reason, problem.username) == (Flaw.LOCAL_ACCOUNT, "alice")


def test_dry_run_writes_its_own_row_its_plan_and_its_problems_only() -> None:
    run(Given([entry(ALICE, "alice", MOBILE)]))
    before = people_checksum()
    dry = run(Given([entry(ALICE, "alice", OTHER), entry(BOB, "bob", "junk")]), dry_run=True)
    assert people_checksum() == before
    assert (dry.state, dry.dry_run, dry.counts["created"], dry.counts["updated"]) == (SyncRun.State.DONE, True, 1, 1)
    assert [problem.reason for problem in dry.problems.all()] == ["not_a_number"]
    assert [(change.kind, change.username) for change in dry.changes.all()] == [
        ("created", "bob"),
        ("updated", "alice"),
    ]


@pytest.mark.row("T-50")
@pytest.mark.parametrize("records", [[], [Unreadable("", "uid=x", "x", Problem(Flaw.NO_ID))]], ids=["empty", "no ids"])
def test_answer_without_anybody_changes_nothing(records: list[Record]) -> None:
    run(Given(crowd(3)))
    before = people_checksum()
    stopped = run(Given(records))
    assert stopped.state == SyncRun.State.STOPPED
    assert stopped.message.startswith("Stopped before any change.")
    assert people_checksum() == before


@pytest.mark.row("T-52")
@pytest.mark.parametrize("change", [
    lambda people: people[:70],
    lambda people: [replace(one, phones=(("mobile", "+491511234567"),), fingerprint="x" * 24) for one in people],
    lambda people: [replace(one, phones=(), fingerprint="x" * 24) for one in people],
    lambda people: [
        replace(one, phones=(("mobile", f"+4915112{n:05d}"),), fingerprint="x" * 24) for n, one in enumerate(people)
    ],
], ids=["30 % fewer", "all the same number", "all numbers gone", "all numbers changed"])  # fmt: skip
def test_big_drop_or_mass_change_writes_nothing(change: Callable[[list[Record]], list[Record]]) -> None:
    run(Given(crowd(100)))
    before = people_checksum()
    stopped = run(Given(change(crowd(100))))
    assert stopped.state == SyncRun.State.STOPPED
    assert stopped.counts["guard"]
    assert people_checksum() == before


@pytest.mark.row("T-51")
@pytest.mark.row("F-02")
def test_directory_that_breaks_off_changes_nothing() -> None:
    run(Given(crowd(3)))
    before = people_checksum()
    failed = run(Given([entry(ALICE, "alice")], error=PartialResult("It broke off.")))
    assert (failed.state, failed.message) == (SyncRun.State.FAILED, "It broke off. Nothing was changed.")
    assert people_checksum() == before


def test_error_of_the_portal_frees_the_place_and_says_no_more_than_that() -> None:
    class Broken(Given):
        def batches(self):  # type: ignore[no-untyped-def]
            raise ZeroDivisionError("secret")

    with pytest.raises(ZeroDivisionError):
        run(Broken())
    failed = SyncRun.objects.get()
    assert failed.state == SyncRun.State.FAILED
    assert "secret" not in failed.message
    assert run(Given([entry(ALICE, "alice")])).state == SyncRun.State.DONE


@pytest.mark.row("T-55d")
def test_second_run_at_the_same_time_is_refused() -> None:
    class Nested(Given):
        def batches(self):  # type: ignore[no-untyped-def]
            with pytest.raises(life.AlreadyRunning):
                run(Given(crowd(1)))
            yield from super().batches()

    assert run(Nested([entry(ALICE, "alice")])).state == SyncRun.State.DONE
    assert SyncRun.objects.count() == 1


@pytest.mark.row("T-55d")
def test_run_without_a_sign_of_life_gives_up_its_place(now: datetime) -> None:
    dead = SyncRun.objects.create(trigger="schedule", started_at=now, heartbeat_at=now)
    with pytest.raises(life.AlreadyRunning):
        run(Given(crowd(1)), now=lambda: now + timedelta(minutes=2))
    later = now + timedelta(minutes=2, seconds=1)
    assert run(Given(crowd(1)), now=lambda: later).state == SyncRun.State.DONE
    dead.refresh_from_db()
    assert (dead.state, dead.finished_at) == (SyncRun.State.KILLED, later)


@pytest.mark.row("T-55d")
def test_run_given_up_for_dead_writes_nothing_when_it_wakes() -> None:
    class Asleep(Given):
        def batches(self):  # type: ignore[no-untyped-def]
            yield from super().batches()
            SyncRun.objects.update(state=SyncRun.State.KILLED)

    with pytest.raises(life.RunLost):
        run(Asleep([entry(ALICE, "alice")]))
    assert not User.objects.exists()
    assert SyncRun.objects.get().state == SyncRun.State.KILLED


@pytest.mark.row("F-19")
def test_person_changed_between_plan_and_writing_is_left_to_the_next_run(now: datetime) -> None:
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob")]))
    alice = User.objects.get(directory_id=ALICE)

    def by_another_hand(step: str, done: int, total: int) -> None:
        if step == "writing" and not done:
            users.set_phone(alice, THIRD, source=PhoneSource.SELF, confirmed_at=now, actor=alice)

    done = run(Given([entry(ALICE, "alice", OTHER)]), progress=by_another_hand)
    alice.refresh_from_db()
    assert (alice.phone, alice.phone_confirmed_at) == (THIRD, now)
    assert done.counts["left_for_next_run"] == 1
    assert not User.objects.get(directory_id=BOB).is_active
    run(Given([entry(ALICE, "alice", OTHER)]))
    alice.refresh_from_db()
    assert (alice.phone, alice.phone_source, alice.phone_confirmed_at, alice.phone_next) == (THIRD, "self", now, OTHER)
    announced = AuditEvent.objects.get(user=alice, action="phone.announced")
    assert (announced.details["old"], announced.details["new"]) == (mask(THIRD), mask(OTHER))


def test_leaver_changed_meanwhile_leaves_all_the_same(now: datetime) -> None:
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob")]))
    alice = User.objects.get(directory_id=ALICE)

    class Meanwhile(Given):
        def batches(self):  # type: ignore[no-untyped-def]
            yield from super().batches()
            users.set_phone(alice, THIRD, source=PhoneSource.SELF, confirmed_at=now, actor=alice)

    run(Meanwhile([entry(BOB, "bob")]))
    alice.refresh_from_db()
    assert (alice.is_active, alice.phone) == (False, THIRD)


def test_other_countries_allowed_make_every_entry_be_read_again(settings: LazySettings) -> None:
    settings.PHONE_COUNTRIES = frozenset({"DE"})
    reader = Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob", "+44 7400 123456")])
    run(reader)
    settings.PHONE_COUNTRIES = frozenset({"DE", "GB"})
    again = run(reader)
    assert User.objects.get(directory_id=BOB).phone == "+447400123456"
    assert (again.counts["refreshed"], again.counts["updated"]) == (1, 1)


def test_problems_are_listed_at_each_run_and_forgotten_after_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.directory.report.RUNS_WITH_PROBLEMS", 2)
    reader = Given([entry(ALICE, "alice", "0170 1234567 ext. 12")])
    runs = [run(reader) for _ in range(3)]
    assert [one.problems.count() for one in runs] == [0, 1, 1]
    problem = SyncProblem.objects.latest("pk")
    assert (problem.user, problem.suggestion, problem.reason) == (User.objects.get(), MOBILE, "extension")


@pytest.mark.row("F-22")
def test_progress_is_told_and_stored() -> None:
    seen: list[tuple[str, int, int]] = []
    done = run(Given(crowd(2), crowd(2, first=2)), progress=lambda *told: seen.append(told))
    assert next(step for step, _, _ in seen) == "reading"
    assert ("reading", 4, 4) in seen
    assert seen[-1] == ("writing", 4, 4)
    assert (done.step, done.progress_done, done.progress_total) == ("writing", 4, 4)


def test_number_of_queries_does_not_grow_with_the_people() -> None:
    def queries(people: list[Record]) -> int:
        with CaptureQueriesContext(connection) as seen:
            run(Given(people))
        return len(seen)

    few, many = queries(crowd(5)), queries(crowd(500))
    assert many <= few + 2
    assert SyncChange.objects.count() == 500


@pytest.mark.parametrize("value", ["\x00", "a\x00b", "x" * 5000, "\u202e", "\r\nBcc: a@b"])
def test_hostile_values_are_kept_harmless(value: str) -> None:
    record = replace(
        entry(ALICE, "alice", value, region=value), dn="uid=alice", name="Alice",
        problems=(Problem(Flaw.NOT_AN_ADDRESS, "mail", "x" * 100),),
    )  # fmt: skip
    assert run(Given([record])).state == SyncRun.State.DONE
    assert all(problem.value.isprintable() for problem in SyncProblem.objects.all())
