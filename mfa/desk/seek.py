"""Pages of a very long list, each found by the key of a row beside it: the last costs what the first does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from mfa.desk.readonly import is_number_of_a_row

PER_PAGE = 50
LAST = "last"


@dataclass(frozen=True, slots=True)
class Page:
    """`before` and `after` name the rows beside this page, None where there is none."""

    rows: list[Any]
    before: int | None
    after: int | None

    @property
    def is_all(self) -> bool:
        return self.before is None and self.after is None


def page(found: QuerySet[Any], query: Mapping[str, str]) -> Page:
    """The page that `?after=` or `?before=` a row asks for (`before=last`: the last one), else the first."""
    after, before = query.get("after", ""), query.get("before", "")
    if before == LAST or is_number_of_a_row(before):
        some = found if before == LAST else found.filter(pk__lt=int(before))
        rows = list(some.order_by("-pk")[: PER_PAGE + 1])
        more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE][::-1]
        return Page(rows, rows[0].pk if more else None, rows[-1].pk if rows and before != LAST else None)
    follows = is_number_of_a_row(after)
    rows = list((found.filter(pk__gt=int(after)) if follows else found).order_by("pk")[: PER_PAGE + 1])
    more, rows = len(rows) > PER_PAGE, rows[:PER_PAGE]
    return Page(rows, rows[0].pk if rows and follows else None, rows[-1].pk if more else None)
