"""The first key of the ring takes over: all sealed texts are encrypted anew, beside the running portal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, QuerySet, Value
from django.db.models.functions import Greatest, Left, StrIndex, Substr

from accounts import bulk
from mfa import crypto
from mfa.models import Delivery, Factor, HardwareToken, TokenBatch

AT_ONCE = 200
"""Rows locked together, for some milliseconds."""

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of ciphertext. Its model has `row`, the identity each text is bound to."""

    model: type[models.Model]
    column: str

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.column}"

    def texts(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._base_manager.exclude(**{self.column: ""})
        return rows

    def behind(self) -> QuerySet[Any]:
        """Rows whose text is under another key than the first. Compared to the letter, as SQLite's LIKE is not."""
        head = f"{writing_key()}:"
        rows: QuerySet[Any] = self.texts().alias(head=Left(self.column, len(head))).exclude(head=head)
        return rows.order_by("pk")


SEALED = (
    Sealed(Factor, "secret"),
    Sealed(HardwareToken, "secret"),
    Sealed(TokenBatch, "content"),
    Sealed(Delivery, "body"),
)
"""Every column that holds what `crypto.encrypt` made."""


@dataclass(slots=True)
class Rotation:
    """What one run did: texts encrypted anew, and those that no key of the ring opens, by column."""

    rotated: Counter[str] = field(default_factory=Counter)
    unreadable: dict[str, list[int]] = field(default_factory=dict)


def writing_key() -> str:
    """The id of the ring's first key."""
    return next(iter(settings.MFA_ENCRYPTION_KEYS))


def under_each_key() -> dict[str, dict[str, int]]:
    """How many texts each column has under each key id; what names no key counts under ""."""
    return {str(sealed): _under_each_key(sealed) for sealed in SEALED}


def _under_each_key(sealed: Sealed) -> dict[str, int]:
    end = Greatest(StrIndex(sealed.column, Value(":")) - 1, 0)
    rows = sealed.texts().values(key_id=Substr(sealed.column, 1, end)).order_by()
    return dict(rows.annotate(count=Count("*")).values_list("key_id", "count"))


def left_behind() -> int:
    """How many texts are not under the first key."""
    return sum(sealed.behind().count() for sealed in SEALED)


def run(progress: Progress) -> Rotation:
    """Bring every text under the first key; `progress` hears of every few that are done.

    Each step is a transaction of its own, so that a run may end anywhere and begin again. Many at a time, it passes
    over rows that somebody else holds, so it never waits with locks in its hands; the rest follows one by one.
    """
    rotation = Rotation()
    for sealed in SEALED:
        for at_once in (AT_ONCE, 1):
            for done in _pass(sealed, at_once, rotation):
                progress(done)
    return rotation


def _pass(sealed: Sealed, at_once: int, rotation: Rotation) -> Iterator[int]:
    """One way through a column; says how many texts each step settled."""
    unreadable = rotation.unreadable.setdefault(str(sealed), [])
    known, last = frozenset(unreadable), 0
    while keys := _next(sealed, last, at_once):
        last = keys[-1]
        wanted = [pk for pk in keys if pk not in known]
        if wanted:
            rotated, failed = _step(sealed, wanted)
            rotation.rotated[str(sealed)] += rotated
            unreadable += failed
            yield rotated + len(failed)


def _next(sealed: Sealed, last: int, at_once: int) -> list[int]:
    return list(sealed.behind().filter(pk__gt=last).values_list("pk", flat=True)[:at_once])


@transaction.atomic
def _step(sealed: Sealed, keys: list[int]) -> tuple[int, list[int]]:
    """Encrypt these rows anew, as they are under lock: a text that changed meanwhile is not put back."""
    passes_over = len(keys) > 1 and connection.features.has_select_for_update_skip_locked
    locked = sealed.behind().filter(pk__in=keys).select_for_update(no_key=True, skip_locked=passes_over)
    rows: list[tuple[object, ...]] = []
    failed = []
    for row in locked:
        try:
            plain = crypto.decrypt(getattr(row, sealed.column), row=row.row)
        except crypto.Undecryptable:
            failed.append(row.pk)
        else:
            rows.append((row.pk, crypto.encrypt(plain, row=row.row)))
    if rows:
        bulk.update(sealed.model, [sealed.column], rows)
    return len(rows), failed
