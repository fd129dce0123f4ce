"""Whatever a directory does between runs: one run says it all, and the next has nothing to add."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from accounts.directory.drafts import Policy, Sharing
from accounts.directory.entries import Entry, Flaw, Problem, Record, Unreadable
from accounts.directory.plan import Plan
from accounts.people import Person
from tests.accounts.directory.samples import MOBILE, OTHER, THIRD, entry, person, plan_of, written

IDS = [f"{digit * 8}-0000-4000-8000-000000000000" for digit in "12345"]
NAMES = ["alice", "bob", "carol", "dave"]
NUMBERS = [MOBILE, OTHER, THIRD, "junk", "030 123456"]

entries = st.builds(
    lambda directory_id, username, mobile, landline, enabled: entry(
        directory_id, username, *mobile, landline=landline, enabled=enabled
    ),
    st.sampled_from(IDS),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(NUMBERS), max_size=2),
    st.lists(st.sampled_from(NUMBERS), max_size=1),
    st.sampled_from([True, True, True, False]),
)
unreadable = st.builds(
    lambda directory_id, username: Unreadable(directory_id, "", username, Problem(Flaw.NO_ID)),
    st.sampled_from(["", *IDS]),
    st.sampled_from(["", *NAMES]),
)
directories = st.lists(st.one_of(entries, entries, entries, unreadable), max_size=7)
policies: st.SearchStrategy[Sharing] = st.sampled_from(["allow", "warn", "refuse"])
LOCAL = person(99, "", "dave", phone=THIRD)


@given(st.lists(directories, min_size=1, max_size=4), policies)
@settings(max_examples=400, deadline=None)
def test_second_run_on_the_same_directory_changes_nothing(history: list[list[Record]], policy: Sharing) -> None:
    people = [LOCAL]
    for records in history:
        plan = plan_of(list(records), people, policy=Policy(policy))
        people = written(plan, people)
        again = plan_of(list(records), people, policy=Policy(policy))
        assert again.is_empty, (again.create, again.changes)
        assert sorted(plan.problems) == sorted(problem for problem in again.problems) or _only_pk_differs(plan, again)


@given(directories, directories, st.randoms())
@settings(max_examples=200, deadline=None)
def test_order_of_the_entries_does_not_matter(before: list[Record], now: list[Record], random: object) -> None:
    people = written(plan_of(list(before)), [])
    shuffled = list(now)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    if len({record.directory_id for record in now}) == len(now):
        assert _state(plan_of(list(now), people), people) == _state(plan_of(shuffled, people), people)


@given(directories, directories)
@settings(max_examples=200, deadline=None)
def test_nobody_becomes_somebody_else_and_nobody_unseen_stays_active(before: list[Record], now: list[Record]) -> None:
    people = written(plan_of(list(before), [LOCAL]), [LOCAL])
    after = {who.pk: who for who in written(plan_of(list(now), people), people)}
    assert after[LOCAL.pk] == LOCAL
    assert all(after[who.pk].directory_id == who.directory_id for who in people)
    seen = {record.directory_id for record in now}
    if all(isinstance(record, Entry) for record in now):
        assert not [
            who for who in after.values() if who.directory_id and who.is_active and who.directory_id not in seen
        ]


def _state(plan: Plan, people: list[Person]) -> set[Person]:
    return {who._replace(pk=0) for who in written(plan, people)}


def _only_pk_differs(first: Plan, second: Plan) -> bool:
    """Somebody created by the first run has a primary key in the report of the second."""
    return sorted(p._replace(pk=0) for p in first.problems) == sorted(p._replace(pk=0) for p in second.problems)
