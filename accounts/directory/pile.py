"""Everybody who is new or changed, on a pile: too many for memory, read again only where somebody is in another's way.

Pure. What a check across people needs of each is kept in a few bytes, see keys.Keys.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from accounts.directory.drafts import Draft
from accounts.directory.entries import Flaw, Problem
from accounts.directory.keys import Keys
from accounts.directory.newcomers import Newcomers
from accounts.directory.spool import Spool
from accounts.directory.tally import Sums
from accounts.people import Change, Person

_ID = Person._fields.index("directory_id")


class Pile:
    """Drafts in the order they came. `ids` are those of people who are not known; `numbers` are all that anybody on the
    pile has, is to get or gives up; `given` those that change hands."""

    def __init__(self) -> None:
        self._new, self._known = Spool(), Spool()
        self._dropped: set[str] = set()
        self._instead: dict[str, Draft] = {}
        self._given: dict[int, int] | None = None
        self.ids, self.names, self.numbers, self.given = Keys(), Keys(), Keys(), Keys()
        self.sums = Sums()

    def add(self, draft: Draft) -> None:
        """Somebody known."""
        self._known.append(draft.row)
        self.names.extend([draft.new.username])
        self.numbers.extend(touched_numbers(draft))
        if given := draft.given:
            self.given.extend([given])
        self.sums.add(draft)

    def add_newcomers(self, newcomers: Newcomers) -> None:
        self._new.extend(newcomers.rows, len(newcomers.ids))
        self.ids.extend(newcomers.ids)
        self.names.extend(newcomers.names)
        self.numbers.extend(newcomers.numbers)
        self.given.extend(newcomers.numbers)
        self.sums.join(newcomers.sums)

    def pick(self, wanted: Callable[[Draft], bool]) -> list[Draft]:
        """The drafts that are wanted, of those not dropped, in the order they came."""
        return [draft for draft in self if wanted(draft)]

    def drop(self, ids: Collection[str]) -> list[Draft]:
        """Leave the people with these ids alone. Returns what was drafted for them."""
        dropped = self.pick(lambda draft: draft.new.directory_id in ids) if ids else []
        for draft in dropped:
            self._forget(draft)
        self._dropped.update(ids)
        return dropped

    def replace(self, before: Draft, after: Draft) -> None:
        """One draft of somebody has become another."""
        self._forget(before)
        self.sums.add(after)
        self._instead[after.new.directory_id] = after
        if after.given:
            alike = self._alike()
            alike[hash(after.given)] = alike.get(hash(after.given), 0) + 1

    @property
    def shared(self) -> set[str]:
        """The ids of those whose number somebody else has as well."""
        return {
            key
            for key, draft in self._instead.items()
            if any(problem.reason == Flaw.NUMBER_SHARED for problem in draft.problems)
        }

    @property
    def most_alike(self) -> int:
        """How many get the number that most get."""
        return max((min(1, len(self.given)), *self._alike().values()))

    def creations(self) -> Iterator[Change]:
        return (change for draft in self._of(self._new) if (change := draft.change))

    def changes(self) -> Iterator[Change]:
        return (change for draft in self._of(self._known) if (change := draft.change))

    def problems(self) -> Iterator[Problem]:
        for draft in self if self.sums.problems else ():
            new = draft.new
            for problem in draft.problems:
                yield problem._replace(pk=new.pk, username=new.username, dn=new.directory_dn)

    def __iter__(self) -> Iterator[Draft]:
        yield from self._of(self._new)
        yield from self._of(self._known)

    def _of(self, spool: Spool) -> Iterator[Draft]:
        for row in spool:
            directory_id = row[0][_ID]
            if directory_id not in self._dropped:
                yield self._instead.get(directory_id) or Draft.from_row(row)

    def _forget(self, draft: Draft) -> None:
        self.sums.add(draft, -1)
        if draft.given:
            alike = self._alike()
            alike[hash(draft.given)] = alike.get(hash(draft.given), 1) - 1

    def _alike(self) -> dict[int, int]:
        if self._given is None:
            self._given = self.given.repeated()
        return self._given


def touched_numbers(draft: Draft) -> set[str]:
    """The numbers by which a draft may concern somebody else."""
    return {draft.new.phone, draft.new.phone_next, draft.old.phone} - {""}
