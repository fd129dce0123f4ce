"""Runs of what changed on a directory in memory: killed ones, what they leave behind, and what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.directory import incremental, life
from accounts.directory.apply import apply
from accounts.directory.plan import Unsettled
from accounts.models import SyncRun, User
from tests.accounts.directory.places import run
from tests.accounts.directory.pretended import Account, Pretended

pytestmark = pytest.mark.django_db
INCREMENTAL = SyncRun.Mode.INCREMENTAL
TOUCHED = ("created", "updated", "deactivated", "reactivated")


def ids(count: int) -> list[str]:
    return [f"{number:08}-0000-4000-8000-000000000000" for number in range(count)]


@pytest.fixture
def directory() -> Pretended:
    """Twenty people, read by a full run."""
    people = {key: Account(f"p{number}", (f"0170 10000{number:02}",)) for number, key in enumerate(ids(20))}
    directory = Pretended("told", people)
    assert run(directory).state == SyncRun.State.DONE
    return directory


def changed(directory: Pretended) -> None:
    one, two, three, four, *_ = ids(20)
    directory.write(one, Account("p1", ("0170 2222222",)))
    directory.write(two, Account("p0", ("junk",)))
    directory.delete(three)
    directory.write("new", Account("p2", ("0170 3333333",)))
    directory.write(four, Account("p3", enabled=False))


@pytest.mark.row("F-06")
@pytest.mark.parametrize("beats", range(6))
def test_run_that_is_killed_is_gone_on_with_to_the_same_end(
    directory: Pretended, monkeypatch: pytest.MonkeyPatch, beats: int
) -> None:
    changed(directory)
    real, left = life.Life.beat, iter(range(beats))

    def beat(self: life.Life, step: str, done: int, total: int, *, at_once: bool = False) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        real(self, step, done, total, at_once=at_once)

    with monkeypatch.context() as patch:
        patch.setattr(life.Life, "beat", beat)
        try:
            run(directory, mode=SyncRun.Mode.INCREMENTAL)
        except KeyboardInterrupt:
            assert SyncRun.objects.latest("pk").position == {}
    again = run(directory, mode=SyncRun.Mode.INCREMENTAL)
    assert (again.state, again.mode) == ("done", "incremental")
    everybody = run(directory, dry_run=True)
    assert {name: everybody.counts[name] for name in TOUCHED} == dict.fromkeys(TOUCHED, 0)
    assert User.objects.get(username="p2").phone == "+491703333333"
    assert User.objects.filter(is_active=True).count() == 19


def test_nothing_changed_asks_the_database_little_however_many_people_there_are(directory: Pretended) -> None:
    with CaptureQueriesContext(connection) as asked:
        run(directory, mode=SyncRun.Mode.INCREMENTAL)
    people = [query for query in asked.captured_queries if User._meta.db_table in query["sql"]]
    assert all("COUNT(" in query["sql"] for query in people)
    assert len(asked) < 30


@pytest.mark.row("T-52")
def test_many_small_runs_take_away_no_more_than_one_of_everybody_may(directory: Pretended) -> None:
    leavers = iter(ids(20))
    for count in (6, 4):
        for key in [next(leavers) for _ in range(count)]:
            directory.delete(key)
        assert run(directory, mode=INCREMENTAL).counts["deactivated"] == count
    directory.delete(next(leavers))
    stopped = run(directory, mode=INCREMENTAL)
    assert (stopped.state, stopped.counts["guard"]) == ("stopped", "people_lost")
    assert "since the last run of everybody" in stopped.message
    assert run(directory, mode=INCREMENTAL, confirms=stopped).state == "done"
    directory.delete(next(leavers))
    assert run(directory, mode=INCREMENTAL).state == "done"
    assert User.objects.filter(is_active=True).count() == 8


def test_person_who_was_changed_by_another_hand_meanwhile_is_found_by_the_next_run(
    directory: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory.write(ids(1)[0], Account("p0", ("0170 2222222",)))

    def after_another_hand(*arguments: object, **named: object) -> object:
        User.objects.filter(username="p0").update(name="Other")
        return apply(*arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("accounts.directory.sync.apply", after_another_hand)
        assert run(directory, mode=SyncRun.Mode.INCREMENTAL).counts["left_for_next_run"] == 1
    again = run(directory, mode=SyncRun.Mode.INCREMENTAL)
    assert (again.mode, again.counts["updated"]) == ("full", 1)
    assert User.objects.get(username="p0").phone == "+491702222222"


def test_everybodys_run_tidies_positions_and_idle_runs_of_before(directory: Pretended) -> None:
    for _ in range(2):
        run(directory, mode=SyncRun.Mode.INCREMENTAL)
    old, recent = SyncRun.objects.filter(mode="incremental").order_by("pk")
    SyncRun.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=3))
    last = run(directory)
    assert not SyncRun.objects.filter(pk=old.pk).exists()
    assert SyncRun.objects.get(pk=recent.pk).position == {}
    assert [*SyncRun.objects.exclude(position={})] == [last]


def test_position_is_left_out_where_too_much_is_unsettled_or_cannot_be_named() -> None:
    many = Unsettled({str(number) for number in range(incremental.MOST_UNSETTLED + 1)}, set())
    assert incremental.with_unsettled({"kind": "told"}, many) == {}
    assert incremental.with_unsettled({"kind": "told"}, Unsettled(set(), {"uid=a\N{REPLACEMENT CHARACTER}"})) == {}
    assert incremental.with_unsettled({}, Unsettled(set(), set())) == {}
