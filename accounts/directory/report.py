"""What a run found and did: counts, and the problems as rows of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from accounts import bulk, names
from accounts.directory.entries import Flaw
from accounts.directory.plan import Plan
from accounts.models import SyncChange, SyncProblem, SyncRun, User
from accounts.people import Change
from accounts.phones import Reason
from accounts.portions import portions

RUNS_WITH_PROBLEMS = 48
"""So many runs keep their list of problems; older ones keep their counts, and what is open still."""

AT_ONCE = 5000
HEAD = (
    "user name", "distinguished name", "attribute", "value", "reason", "in words", "suggestion", "rule", "seen",
)  # fmt: skip

_COLUMNS = (
    "run_id", "user_id", "username", "dn", "attribute", "value", "reason", "suggestion", "rule", "exact", "is_open",
)  # fmt: skip


def counts(plan: Plan) -> dict[str, int]:
    """The figures of a plan, by name."""
    seen = Counter(word for change in plan.changes for word in _effects(change))
    return {
        "entries": plan.entries,
        "unchanged": plan.unchanged,
        "created": len(plan.create),
        **{effect: seen[effect] for effect in ("updated", "deactivated", "reactivated", "refreshed")},
        "phones_changed": plan.tally.numbers_changed,
        **{effect: seen[effect] for effect in ("moved", "resting")},
        "problems": len(plan.problems),
    }


def _effects(change: Change) -> Iterator[str]:
    """What a change of somebody known is counted as."""
    old, new = change.old, change.new
    if old.is_active != new.is_active:
        yield "reactivated" if new.is_active else "deactivated"
    else:
        yield "updated" if change.visible else "refreshed"
    if old.directory_dn != new.directory_dn:
        yield "moved"
    if new.phone_next not in ("", old.phone_next):
        yield "resting"


def figures(counts: Mapping[str, Any]) -> list[tuple[str, object]]:
    """The counts of a run as people read them; what only pages need is left out."""
    return [(name.replace("_", " "), value) for name, value in counts.items() if not isinstance(value, (dict, list))]


def keep_problems(run: SyncRun, plan: Plan) -> None:
    """Store the problems of this run, which are open where the run was for good; forget those of runs long past, and
    what long past runs only planned."""
    real = run.state == SyncRun.State.DONE and not run.dry_run
    if real:
        _close(_seen_again(run, plan))
    owners = _created(plan) if real else {}
    rows = (
        (
            run.pk, problem.pk or owners.get(problem.dn), problem.username[: names.LONGEST], problem.dn[:1000],
            problem.attribute[:64], problem.value[:100], str(problem.reason)[:40], problem.suggestion[:16],
            problem.rule[:60], problem.exact, real,
        )
        for problem in plan.problems
    )  # fmt: skip
    bulk.insert(SyncProblem, _COLUMNS, rows)
    runs = SyncRun.objects.order_by("-pk").values_list("pk", flat=True)
    SyncProblem.objects.filter(run_id__lt=min(runs[:RUNS_WITH_PROBLEMS]), is_open=False).delete()
    only_planned = Q(run__dry_run=True) | Q(run__state=SyncRun.State.STOPPED)
    # Runs of what changed come many times a day: a plan that waits for a decision outlives them.
    others = runs.exclude(mode=SyncRun.Mode.INCREMENTAL)[:RUNS_WITH_PROBLEMS]
    SyncChange.objects.filter(only_planned, run_id__lt=min(others, default=run.pk)).delete()


def open_problems() -> QuerySet[SyncProblem]:
    """What is unusable in the directory as far as the portal knows: of each entry, what the last look at it found."""
    return SyncProblem.objects.filter(is_open=True)


def row(problem: SyncProblem) -> tuple[object, ...]:
    """One line of the table whose head is HEAD."""
    return (
        problem.username, problem.dn, problem.attribute, problem.value, problem.reason, words(problem.reason),
        problem.suggestion, problem.rule, problem.run.started_at,
    )  # fmt: skip


def words(reason: str) -> str:
    """What a reason means and what to do about it."""
    for kind in (Reason, Flaw):
        if reason in kind._value2member_map_:
            return kind(reason).words
    return reason


def _seen_again(run: SyncRun, plan: Plan) -> Iterator[Q]:
    """Whose problems this run knows better. A full run has seen everybody. Another has seen those it lists or changes:
    somebody with a problem is never passed over as unchanged."""
    if run.mode == SyncRun.Mode.FULL:
        yield Q()
        return
    if run.mode == SyncRun.Mode.UNDO:
        return
    people = {change.old.pk for change in plan.changes} | {problem.pk for problem in plan.problems if problem.pk}
    entries = {change.new.directory_dn for change in (*plan.create, *plan.changes)}
    entries |= {problem.dn for problem in plan.problems}
    for keys in portions(people, AT_ONCE):
        yield Q(user__in=keys)
    for dns in portions(entries, AT_ONCE):
        yield Q(user=None, dn__in=dns)


def _created(plan: Plan) -> dict[str, int]:
    """The people whom this run created and who have problems, by their DN: a plan knows no keys of theirs."""
    found: dict[str, int] = {}
    unknown = {problem.username for problem in plan.problems if problem.username and not problem.pk}
    for part in portions(unknown, AT_ONCE):
        found.update(User.objects.filter(username__in=part).exclude(directory_dn="").values_list("directory_dn", "pk"))
    return found


def _close(found: Iterable[Q]) -> None:
    for these in found:
        open_problems().filter(these).update(is_open=False)
