"""What a run found and did: counts, and the problems as rows of the database and of a CSV file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from accounts import bulk, names
from accounts.directory.entries import Flaw, Problem
from accounts.directory.plan import Plan
from accounts.models import SyncProblem, SyncRun
from accounts.phones import E164, Reason

HEADER = ("user name", "distinguished name", "attribute", "value", "reason", "explanation", "suggestion")
RUNS_WITH_PROBLEMS = 48
"""So many runs keep their list of problems; older ones keep their counts."""

_FORMULA = re.compile(r"\s*[=+\-@\t\r]")
_COLUMNS = ("run_id", "user_id", "username", "dn", "attribute", "value", "reason", "suggestion")


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
        "problems": len(plan.problems),
    }


def keep_problems(run: SyncRun, problems: Sequence[Problem]) -> None:
    """Store the problems of this run, and forget those of runs long past."""
    rows = (
        (
            run.pk, problem.pk or None, problem.username[: names.LONGEST], problem.dn[:1000], problem.attribute[:64],
            problem.value[:100], str(problem.reason)[:40], problem.suggestion[:16],
        )
        for problem in problems
    )  # fmt: skip
    bulk.insert(SyncProblem, _COLUMNS, rows)
    recent = SyncRun.objects.order_by("-pk").values_list("pk", flat=True)[:RUNS_WITH_PROBLEMS]
    SyncProblem.objects.filter(run_id__lt=min(recent)).delete()


def words(reason: str) -> str:
    """What a reason means and what to do about it."""
    for kind in (Reason, Flaw):
        if reason in kind._value2member_map_:
            return kind(reason).words
    return reason


def problem_rows(problems: Iterable[SyncProblem]) -> Iterator[tuple[str, ...]]:
    """The header, then a row for each problem, every cell safe to open in a spreadsheet."""
    yield HEADER
    for problem in problems:
        yield tuple(
            safe_cell(text)
            for text in (
                problem.username, problem.dn, problem.attribute, problem.value, problem.reason,
                words(problem.reason), problem.suggestion,
            )
        )  # fmt: skip


def problems_csv(problems: Iterable[SyncProblem]) -> Iterator[str]:
    """The same as lines of a CSV file, for a streamed download."""
    for row in problem_rows(problems):
        line = io.StringIO()
        csv.writer(line).writerow(row)
        yield line.getvalue()


def safe_cell(text: str) -> str:
    """A spreadsheet takes a cell that begins with =, +, - or @ for a formula; an apostrophe keeps it text. A number in
    E.164 calculates nothing and stays as it is, so that a script can use it."""
    return text if not _FORMULA.match(text) or E164.fullmatch(text) else f"'{text}"
