"""What is asked of one person, and whether what they have is enough. Values only: no tables, no clock. Pure.

Every rule that concerns a person must be met, each by itself. An exemption lifts them; that staff must have a second
factor is lifted by nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """Where a demand comes from: a rule, the person's own policy, or that they may enter the admin."""

    RULE = "rule"
    PERSON = "person"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person has that works: the kind of each factor that can stand alone, and whether there is a way back in
    (recovery codes)."""

    factors: tuple[str, ...] = ()
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """How many factors are missing, and whether recovery codes are."""

    factors: int = 0
    backup: bool = False

    def __bool__(self) -> bool:
        return self.factors > 0 or self.backup

    def or_more(self, other: Missing) -> Missing:
        """What is missing for both."""
        return Missing(max(self.factors, other.factors), self.backup or other.backup)


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that is asked of a person. It begins at `begins`; from `deadline` on, whoever does not meet it can do
    nothing but enrol (None: since ever). `kinds` are those that count, None for all. `lifted` ones ask nothing."""

    source: Source
    factors: int = 1
    backup: bool = False
    kinds: frozenset[str] | None = None
    activation_only: bool = False
    begins: datetime | None = None
    deadline: datetime | None = None
    name: str = ""
    rule: int | None = None
    lifted: bool = False

    def missing(self, have: Holding) -> Missing:
        """What somebody who has this would still need."""
        if self.lifted:
            return Missing()
        counted = sum(self.kinds is None or kind in self.kinds for kind in have.factors)
        return Missing(max(0, self.factors - counted), self.backup and not have.backup)

    def has_begun(self, now: datetime) -> bool:
        return self.begins is None or self.begins <= now

    def in_force(self, now: datetime) -> bool:
        """Whether its grace is over."""
        return self.deadline is None or self.deadline <= now


@dataclass(frozen=True, slots=True)
class Asked:
    """All that is asked of one person at `now`, the earliest deadline first; what lies ahead is in it too.

    `by_code` is whether the person's own policy wants an activation code before the next first factor.
    """

    now: datetime
    demands: tuple[Demand, ...] = ()
    by_code: bool = False
    exempt_until: datetime | None = None
    exempt_by: str = ""

    @property
    def in_force(self) -> tuple[Demand, ...]:
        """The demands whose grace is over and that nothing lifts."""
        return tuple(one for one in self.demands if one.in_force(self.now) and not one.lifted)

    @property
    def required(self) -> bool:
        """Whether the person must have a second factor now: without one only enrolment is open."""
        return any(one.factors for one in self.in_force)

    @property
    def activation_only(self) -> bool:
        """Whether whoever has no factor that works needs an activation code before the first one."""
        return self.by_code or any(one.activation_only for one in self._begun)

    @property
    def kinds(self) -> frozenset[str] | None:
        """The kinds that the person may add and that applications accept: those that every rule counts; None for all.
        An exemption changes nothing about that."""
        named = [one.kinds for one in self._begun if one.kinds is not None]
        return frozenset.intersection(*named) if named else None

    def allows(self, kind: str) -> bool:
        """Whether the person may add a factor of the kind, and applications accept one."""
        return self.kinds is None or kind in self.kinds

    def against(self, kind: str) -> tuple[str, ...]:
        """The names of the rules that do not count the kind, and so take it away."""
        return tuple(one.name for one in self._begun if one.kinds is not None and kind not in one.kinds)

    def missing(self, have: Holding) -> Missing:
        """What is missing now: while anything is, only enrolment is open."""
        return _of(self.in_force, have)

    def standing(self, have: Holding) -> Standing:
        """How somebody who has this stands."""
        unmet = [one for one in self.demands if one.missing(have)]
        until = min((one.deadline for one in unmet if one.deadline), default=None)
        return Standing(self.missing(have), _of(self.demands, have), until, tuple(unmet))

    @property
    def _begun(self) -> tuple[Demand, ...]:
        return tuple(one for one in self.demands if one.has_begun(self.now))


@dataclass(frozen=True, slots=True)
class Standing:
    """`missing` is what is missing now, `in_all` what is missing for all that is asked, also later; `until` is the
    first deadline of what is not met (past ones too), and `unmet` are the demands themselves."""

    missing: Missing
    in_all: Missing
    until: datetime | None
    unmet: tuple[Demand, ...]

    @property
    def closed(self) -> bool:
        """Whether nothing but enrolment is open."""
        return bool(self.missing)

    @property
    def complete(self) -> bool:
        """Whether the person has all that is asked, now and later."""
        return not self.in_all


def _of(demands: tuple[Demand, ...], have: Holding) -> Missing:
    found = Missing()
    for one in demands:
        found = found.or_more(one.missing(have))
    return found
