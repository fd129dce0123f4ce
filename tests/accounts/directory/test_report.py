from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.directory import report
from accounts.directory.entries import WORDS, Flaw, Problem
from accounts.directory.plan import Plan
from accounts.models import SyncProblem, SyncRun, User
from accounts.people import NOBODY, Change
from accounts.phones import Reason
from tests.accounts.directory.samples import person


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Flaw)
    assert all(report.words(reason) != reason for reason in [*Flaw, *Reason])
    assert report.words("unheard of") == "unheard of"


def kept(plan: Plan, mode: str = "full", **columns: Any) -> list[tuple[str, str]]:
    """What is open after a run of this plan, by user name and reason."""
    columns = {"state": "done", "trigger": "shell", "mode": mode, **columns}
    report.keep_problems(SyncRun.objects.create(**columns), plan)
    return sorted(report.open_problems().values_list("username", "reason"))


def of(user: User | None, reason: str = "too_short", **more: object) -> Problem:
    username = user.username if user else "stranger"
    return Problem(reason, pk=user.pk if user else 0, username=username, dn=f"uid={username}", **more)  # type: ignore[arg-type]


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob")


def test_a_full_run_knows_all_there_is(alice: User, bob: User) -> None:
    assert kept(Plan(problems=[of(alice), of(None)])) == [("alice", "too_short"), ("stranger", "too_short")]
    assert kept(Plan(problems=[of(bob)])) == [("bob", "too_short")]


def test_an_incremental_run_knows_better_only_about_whom_it_looked_at(alice: User, bob: User) -> None:
    kept(Plan(problems=[of(alice), of(bob), of(None)]))
    still = [("bob", "too_short"), ("stranger", "too_short")]
    assert kept(Plan(problems=[of(alice, "landline")]), "incremental") == [("alice", "landline"), *still]
    mended = person(alice.pk, username="alice", directory_fingerprint="new")
    assert kept(Plan(changes=[Change(person(alice.pk, username="alice"), mended)]), "incremental") == still
    stranger = person(0, "s1", "stranger", directory_dn="uid=stranger")
    assert kept(Plan(create=[Change(NOBODY, stranger)]), "incremental") == still[:1]
    assert kept(Plan(), "incremental") == still[:1]


@pytest.mark.parametrize("columns", [{"dry_run": True}, {"state": "stopped"}, {"mode": "undo"}])
def test_a_run_that_only_looks_or_undoes_opens_and_closes_nothing(alice: User, columns: dict[str, Any]) -> None:
    before = kept(Plan(problems=[of(alice)]))
    assert kept(Plan(problems=[]), **columns) == before


def test_what_is_open_outlives_the_runs_that_are_forgotten(alice: User, bob: User) -> None:
    kept(Plan(problems=[of(alice), of(bob)]))
    for _ in range(report.RUNS_WITH_PROBLEMS + 1):
        kept(Plan(problems=[of(bob)]), "incremental")
    assert ("alice", "too_short") in kept(Plan(), "incremental")
    assert SyncProblem.objects.filter(user=bob).count() <= report.RUNS_WITH_PROBLEMS + 1
