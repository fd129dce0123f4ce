"""What a run found and did: counts, and the problems as rows of the database."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from accounts import bulk, names
from accounts.directory.entries import Flaw, Problem
from accounts.directory.plan import Plan
from accounts.models import SyncChange, SyncProblem, SyncRun
from accounts.phones import Reason

RUNS_WITH_PROBLEMS = 48
"""So many runs keep their list of problems; older ones keep their counts."""

_COLUMNS = ("run_id", "user_id", "username", "dn", "attribute", "value", "reason", "suggestion", "rule")


def counts(plan: Plan) -> dict[str, int]:
    """The figures of a plan, by name."""
    return {
        "entries": plan.tally.entries,
        "unchanged": plan.unchanged,
        "created": len(plan.create),
        "updated": len(plan.update),
        "deactivated": len(plan.deactivate),
        "reactivated": len(plan.reactivate),
        "refreshed": len(plan.refreshed),
        "phones_changed": plan.tally.numbers_changed,
        "moved": sum(1 for change in plan.changes if change.old.directory_dn != change.new.directory_dn),
        "resting": sum(1 for change in plan.changes if change.new.phone_next not in ("", change.old.phone_next)),
        "problems": len(plan.problems),
    }


def keep_problems(run: SyncRun, problems: Sequence[Problem]) -> None:
    """Store the problems of this run; forget those of runs long past, and what long past runs only planned."""
    rows = (
        (
            run.pk, problem.pk or None, problem.username[: names.LONGEST], problem.dn[:1000], problem.attribute[:64],
            problem.value[:100], str(problem.reason)[:40], problem.suggestion[:16], problem.rule[:60],
        )
        for problem in problems
    )  # fmt: skip
    bulk.insert(SyncProblem, _COLUMNS, rows)
    recent = SyncRun.objects.order_by("-pk").values_list("pk", flat=True)[:RUNS_WITH_PROBLEMS]
    SyncProblem.objects.filter(run_id__lt=min(recent)).delete()
    only_planned = Q(run__dry_run=True) | Q(run__state=SyncRun.State.STOPPED)
    SyncChange.objects.filter(only_planned, run_id__lt=min(recent)).delete()


def words(reason: str) -> str:
    """What a reason means and what to do about it."""
    for kind in (Reason, Flaw):
        if reason in kind._value2member_map_:
            return kind(reason).words
    return reason
