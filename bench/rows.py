"""What every measurement returns: rows of a value beside a reference, and whether the ratio holds its target. Pure."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_SIGNS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge, "=": operator.eq}
COLUMNS = ("name", "value", "reference", "ratio", "target", "holds")


@dataclass(frozen=True, slots=True)
class Target:
    """A bound of a ratio: `sign` is "<=", ">=" or "="."""

    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"

    def holds(self, ratio: float | None) -> bool:
        """An unknown ratio holds nothing."""
        return ratio is not None and _SIGNS[self.sign](ratio, self.bound)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `value` and `reference` are in the same `unit`; without a target nothing is promised."""

    name: str
    value: float
    reference: float | None = None
    unit: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.reference if self.reference else None

    @property
    def holds(self) -> bool | None:
        return self.target.holds(self.ratio) if self.target else None

    def as_json(self) -> dict[str, object]:
        target = str(self.target) if self.target else None
        values = (self.name, self.value, self.reference, self.ratio, target, self.holds)
        return {**dict(zip(COLUMNS, values, strict=True)), "unit": self.unit}


def as_json(rows: Iterable[Row]) -> str:
    return json.dumps([row.as_json() for row in rows], indent=2)


def as_table(rows: Iterable[Row]) -> str:
    """Columns for a terminal, the names on the left, figures on the right."""
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    holds = {None: "", True: "yes", False: "no"}[row.holds]
    target = str(row.target) if row.target else ""
    return row.name, _figure(row.value, row.unit), _figure(row.reference, row.unit), ratio, target, holds


def _figure(number: float | None, unit: str) -> str:
    if number is None:
        return ""
    digits = f"{number:.0f}" if number >= 1000 or number == int(number) else f"{number:.3g}"
    return f"{digits} {unit}".strip()


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cells[0].ljust(widths[0]),
        *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)),
    ]
    return "  ".join(padded).rstrip()
