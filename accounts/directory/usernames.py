"""Who may have which user name at the end of a run. Pure.

Names are unique, entries are not always: two may ask for one name, names may be swapped, or pass from somebody who left
to somebody new. Whatever cannot be settled without guessing is held: neither side is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from accounts.directory.attendance import Standing
from accounts.directory.drafts import Draft
from accounts.directory.entries import Flaw, Problem
from accounts.names import LONGEST
from accounts.people import Person


def aside(username: str, directory_id: str) -> list[str]:
    """ "alice~3f2a91c0": what nobody types by accident, and the same at each try, for somebody who gives a name up."""
    suffixes = [f"~{directory_id[:length]}" for length in (8, 16, len(directory_id))]
    return [username[: LONGEST - len(suffix)] + suffix for suffix in suffixes]


class Settled(NamedTuple):
    """`held` are the ids to leave alone; `aside` pairs people who give their name up with the new one."""

    held: set[str]
    aside: list[tuple[Person, str]]
    problems: list[Problem]


class Holders(NamedTuple):
    """Who has the names that are asked for, by name, and how each of them stands. Of those absent, `is_kept` are whom a
    record that cannot be read may stand for. `taken` says which of some names anybody has or asks for."""

    by_name: Mapping[str, Person]
    standing: Callable[[Person], Standing]
    is_kept: Callable[[Person], bool]
    taken: Callable[[Sequence[str]], set[str]]


def settle(asking: Iterable[Draft], holders: Holders, held: Iterable[str]) -> Settled:
    """`asking` are all drafts whose name somebody else asks for or has; `held` the ids that are to be left alone
    already."""
    claims = _Claims(asking, holders, set(held))
    claims.hold_the_contested()
    claims.hold_behind_local_accounts()
    claims.hold_behind_the_held()
    return Settled(claims.held, claims.step_aside(), claims.problems)


class _Claims:
    def __init__(self, asking: Iterable[Draft], holders: Holders, held: set[str]) -> None:
        self._asking = [(draft.new.directory_id, draft) for draft in asking]
        self._holders, self.held = holders, held
        self.problems: list[Problem] = []

    def hold_the_contested(self) -> None:
        """Two who ask for one name, or one who asks for that of somebody whose entry is as before."""
        claims: dict[str, dict[str, Person]] = {}
        for key, draft in self._asking:
            claims.setdefault(draft.new.username, {})[key] = draft.new
        for username, claimants in claims.items():
            holder = self._holders.by_name.get(username)
            if holder and holder.directory_id and self._holders.standing(holder) is Standing.AS_BEFORE:
                claimants[holder.directory_id] = holder
            if len(claimants) > 1:
                for key, person in claimants.items():
                    self._hold(key, Flaw.DUPLICATE_USERNAME, person, username)

    def hold_behind_local_accounts(self) -> None:
        for key, draft in self._asking:
            holder = self._holders.by_name.get(draft.new.username)
            if holder and not holder.directory_id and key not in self.held:
                self._hold(key, Flaw.LOCAL_ACCOUNT, draft.new, draft.new.username)

    def hold_behind_the_held(self) -> None:
        """Somebody held keeps their name, so whoever was to get it is held too, and so on."""
        before = -1
        while len(self.held) != before:
            before = len(self.held)
            for key, draft in self._asking:
                holder = self._holder_before(key, draft)
                if holder and key not in self.held and self._is_held(holder):
                    self._hold(key, Flaw.USERNAME_TAKEN, draft.new, draft.new.username)

    def step_aside(self) -> list[tuple[Person, str]]:
        """Somebody who is absent, or whose entry has another name that is in place already, makes room."""
        leaving = []
        for key, draft in self._asking:
            holder = self._holder_before(key, draft)
            if holder and key not in self.held and self._holders.standing(holder) is Standing.ABSENT:
                leaving.append(holder)
        names = {holder.pk: aside(holder.username, holder.directory_id) for holder in leaving}
        taken = self._holders.taken([name for some in names.values() for name in some]) if leaving else set()
        return [
            (one, next((name for name in names[one.pk] if name not in taken), names[one.pk][-1])) for one in leaving
        ]

    def _holder_before(self, key: str, draft: Draft) -> Person | None:
        """Who has the name so far, of the people of the directory."""
        holder = self._holders.by_name.get(draft.new.username)
        return holder if holder and holder.directory_id not in ("", key) else None

    def _is_held(self, holder: Person) -> bool:
        if holder.directory_id in self.held:
            return True
        return self._holders.standing(holder) is Standing.ABSENT and self._holders.is_kept(holder)

    def _hold(self, directory_id: str, flaw: Flaw, person: Person, username: str) -> None:
        self.held.add(directory_id)
        self.problems.append(Problem(flaw, pk=person.pk, username=username, dn=person.directory_dn))
