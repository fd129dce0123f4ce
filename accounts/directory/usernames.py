"""Who may have which user name at the end of a run. Pure.

Names are unique, entries are not always: two may ask for one name, names may be swapped, or pass from somebody who left
to somebody new. Whatever cannot be settled without guessing is held: neither side is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from accounts.directory.entries import Flaw, Problem
from accounts.names import LONGEST
from accounts.people import Person


def aside(username: str, directory_id: str) -> list[str]:
    """ "alice~3f2a91c0": what nobody types by accident, and the same at each try, for somebody who gives a name up."""
    suffixes = [f"~{directory_id[:length]}" for length in (8, 16, len(directory_id))]
    return [username[: LONGEST - len(suffix)] + suffix for suffix in suffixes]


class Settled(NamedTuple):
    """`held` are the ids to leave alone; `aside` pairs the ids of people who give their name up with a new one."""

    held: set[str]
    aside: list[tuple[str, str]]
    problems: list[Problem]


class Claims:
    """Collects who asks for which name, then settles it."""

    def __init__(self, known: Mapping[str, Person], local: set[str]) -> None:
        self._known, self._local = known, local
        self._holders = {person.username: key for key, person in known.items()}
        self._claims: dict[str, tuple[str, str]] = {}
        self._contested: dict[str, dict[str, str]] = {}
        self._present: set[str] = set()
        self._kept: set[str] = set()
        self._held: set[str] = set()
        self._problems: list[Problem] = []
        self._dns: dict[str, list[str]] | None = None

    def claim(self, username: str, directory_id: str, dn: str) -> None:
        self._present.add(directory_id)
        first = self._claims.setdefault(username, (directory_id, dn))
        if first[0] != directory_id:
            self._contested.setdefault(username, dict([first]))[directory_id] = dn

    def hold(self, directory_id: str, flaw: Flaw, dn: str, username: str = "") -> None:
        """Leave this id alone, and say why."""
        self._held.add(directory_id)
        known = self._known.get(directory_id)
        username = username or (known.username if known else "")
        self._problems.append(Problem(flaw, pk=known.pk if known else 0, username=username, dn=dn))

    def keep(self, directory_id: str, username: str, dn: str) -> None:
        """Leave everybody alone whom an unreadable record may stand for, by id, by user name, by DN, unless a readable
        one turns up for them."""
        self._kept.add(directory_id)
        if username in self._holders:
            self._kept.add(self._holders[username])
        self._kept.update(self._by_dn().get(dn.lower(), ()))

    def settle(self, wanted: Mapping[str, str]) -> Settled:
        """`wanted` is the user name by id of everybody who is new or changed."""
        self._held |= self._kept - self._present
        for username, claimants in self._contested.items():
            for directory_id, dn in claimants.items():
                self.hold(directory_id, Flaw.DUPLICATE_USERNAME, dn, username)
        for directory_id, username in wanted.items():
            if username in self._local and directory_id not in self._held:
                self.hold(directory_id, Flaw.LOCAL_ACCOUNT, self._claims[username][1], username)
        self._hold_behind_the_held(wanted)
        return Settled(self._held, self._step_aside(wanted), self._problems)

    def _hold_behind_the_held(self, wanted: Mapping[str, str]) -> None:
        """Somebody held keeps their name, so whoever was to get it is held too, and so on."""
        before = -1
        while len(self._held) != before:
            before = len(self._held)
            for directory_id, username in wanted.items():
                holder = self._holders.get(username, directory_id)
                if holder != directory_id and holder in self._held and directory_id not in self._held:
                    self.hold(directory_id, Flaw.USERNAME_TAKEN, self._claims[username][1], username)

    def _step_aside(self, wanted: Mapping[str, str]) -> list[tuple[str, str]]:
        """Somebody who is absent, or whose entry has another name that is in place already, makes room."""
        aside = []
        for directory_id, username in wanted.items():
            holder = self._holders.get(username, directory_id)
            if holder != directory_id and holder not in self._present and directory_id not in self._held:
                aside.append((holder, self._free(username, holder)))
        return aside

    def _free(self, username: str, directory_id: str) -> str:
        for name in aside(username, directory_id):
            if name not in self._holders and name not in self._claims and name not in self._local:
                break
        return name

    def _by_dn(self) -> dict[str, list[str]]:
        if self._dns is None:
            self._dns = {}
            for key, person in self._known.items():
                self._dns.setdefault(person.directory_dn.lower(), []).append(key)
        return self._dns
