"""People whom the portal does not know yet, as a batch of records leaves them: drafted, summed up and packed where the
records are read, so that the run itself need not look into each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from accounts.directory import spool
from accounts.directory.drafts import Draft
from accounts.directory.tally import Sums


class Newcomers(NamedTuple):
    """`ids` are those of everybody, `names` those that are asked for, `numbers` those that are given; `rows` are the
    drafts as a spool keeps them."""

    ids: Sequence[str]
    names: Sequence[str]
    numbers: Sequence[str]
    sums: Sums
    rows: bytes

    @classmethod
    def of(cls, drafts: Iterable[Draft]) -> Newcomers:
        """Drafts of people whom nobody knows; whoever is locked out in the directory asks for nothing."""
        everybody, sums = list(drafts), Sums()
        for draft in everybody:
            sums.add(draft)
        people = [draft.new for draft in everybody]
        return cls(
            ids=[person.directory_id for person in people],
            names=[person.username for person in people if person.is_active],
            numbers=[person.phone for person in people if person.phone],
            sums=sums,
            rows=spool.pack([draft.row for draft in everybody]),
        )
