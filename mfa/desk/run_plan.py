"""What a run did, or would do, person by person: views, search, pages and CSV. A hundred thousand rows are no burden:
how many each view has was counted once, at the end of the run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from accounts import names
from accounts.directory import kept
from accounts.models import PhoneSource, SyncChange, SyncRun
from accounts.people import VISIBLE
from mfa.desk import masks, seek

EVERYTHING = "all"
LABELS: dict[str, str | Promise] = {
    "created": gettext_lazy("Created"),
    "numbers": gettext_lazy("Number changed"),
    "resting": gettext_lazy("Number at rest"),
    "names": gettext_lazy("Name or address"),
    "moved": gettext_lazy("Renamed or moved"),
    "deactivated": gettext_lazy("Deactivated"),
    "reactivated": gettext_lazy("Reactivated"),
}
COLUMNS: dict[str, str | Promise] = {
    "username": gettext_lazy("user name"),
    "name": gettext_lazy("name"),
    "email": gettext_lazy("e-mail"),
    "phone": gettext_lazy("number"),
    "phone_next": gettext_lazy("number at rest"),
    "directory_dn": gettext_lazy("place"),
    "is_active": gettext_lazy("active"),
}
CSV_HEAD = ("user name", "what", *(f"{name} {when}" for name in VISIBLE for when in ("before", "after")), "rule")
LONGEST_SEARCH = 200
DIGITS = re.compile(r"\+?[\d\s()/.-]{3,}")
NO_DIGIT = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Line:
    """One column of one person before and after."""

    label: str | Promise
    old: str
    new: str
    note: str = ""


def counts(run: SyncRun) -> dict[str, int]:
    """How many changes each view has; counted here for a run that did not come to its end."""
    views = run.counts.get("views")
    found: dict[str, int] = kept.counted(run)["views"] if views is None else views
    return found


def chosen(query: Mapping[str, str], have: Mapping[str, int]) -> str:
    """The view that is asked for, else the first that has anything."""
    view = query.get("view", "")
    if view in have:
        return view
    return EVERYTHING if query.get("q") else next(iter(have), "")


def changes(run: SyncRun, view: str, search: str, *, whole: bool) -> QuerySet[SyncChange]:
    """The changes of a view, of those only that the search fits."""
    found = kept.of_run(run) if view == EVERYTHING else kept.of_view(run, view)
    return found.filter(_fitting(search, whole)) if search else found


def _fitting(search: str, whole: bool) -> Q:
    """By user name; by DN where there is an equals sign; by number where there are digits, for roles that see them."""
    if "=" in search:
        return (
            Q(new__directory_dn__icontains=search) | Q(old__directory_dn__icontains=search)
            | Q(user__directory_dn__icontains=search)
        )  # fmt: skip
    found = Q(username__contains=names.normalise(search) or search)
    digits = NO_DIGIT.sub("", search).lstrip("0")
    if whole and digits and DIGITS.fullmatch(search):
        for column in ("new__phone", "old__phone", "new__phone_next", "old__phone_next"):
            found |= Q(**{f"{column}__icontains": digits})
    return found


def search_of(query: Mapping[str, str]) -> str:
    return query.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]


def page(run: SyncRun, view: str, query: Mapping[str, str], *, whole: bool) -> seek.Page:
    """One page of the changes, each with what a person reads."""
    found = seek.page(changes(run, view, search_of(query), whole=whole).select_related("user"), query)
    for row in found.rows:
        row.lines = list(lines(row, whole))
    return found


def lines(change: SyncChange, whole: bool) -> Iterator[Line]:
    """The columns that anybody would notice; what belongs to a number is a note to it."""
    touched = [name for name in VISIBLE if f",{name}," in change.touches]
    old, new = masks.columns(change.old, whole), masks.columns(change.new, whole)
    for name in touched or [name for name in VISIBLE if name in {**old, **new}]:
        if name != "is_active":
            yield Line(COLUMNS[name], _text(old.get(name)), _text(new.get(name)), _note(name, change))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _note(name: str, change: SyncChange) -> str:
    source = change.old.get("phone_source", "")
    if name == "phone" and source and source != PhoneSource.DIRECTORY:
        return _("was %(source)s") % {"source": PhoneSource(source).label}
    if name == "phone_next" and change.new.get("phone_next_at"):
        return _("counts from %(day)s") % {"day": str(change.new["phone_next_at"])[:16].replace("T", " ")}
    return ""


def csv_row(change: SyncChange, whole: bool) -> tuple[object, ...]:
    old, new = masks.columns(change.old, whole), masks.columns(change.new, whole)
    values = [values.get(name, "") for name in VISIBLE for values in (old, new)]
    return (change.username, change.kind, *values, change.rule)
