"""The people whom the portal has, as a plan asks for them: by what it needs, never all of them at once. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple, Protocol

from accounts.people import Person

LEFT = "left"
"""Stands in the fingerprint of somebody whom a run deactivated: only such a person is let back in by a run."""
AWAY, MARK = "~", 8
"""Begins the fingerprint of somebody whom an undo deactivated, before that of their entry without its mark: while the
entry stays as it is, no run lets them back in. The mark of the rules is so many digits long."""


class Totals(NamedTuple):
    """Active people of the directory, and how many of them have a number, and an address."""

    people: int = 0
    numbers: int = 0
    addresses: int = 0


class Known(Protocol):
    """Everybody the portal has, local accounts included. Any number of keys may be asked for at once; the answers come
    in no order."""

    def totals(self) -> Totals: ...

    def marks(self) -> Iterable[tuple[int, str, str]]:
        """Primary key, directory id and fingerprint of everybody whom the directory may still show: of all its people
        but those whom a run deactivated and who are so still."""

    def with_pks(self, pks: Collection[int]) -> Iterable[Person]: ...

    def with_ids(self, ids: Collection[str]) -> Iterable[Person]: ...

    def with_usernames(self, usernames: Collection[str]) -> Iterable[Person]: ...

    def with_numbers(self, numbers: Collection[str]) -> Iterable[Person]:
        """Active people whose number is one of these."""


class Few:
    """People in memory: so few that it does not matter."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._people = list(people)
        self._by_id = {person.directory_id: person for person in self._people if person.directory_id}
        self._by_username = {person.username: person for person in self._people}

    def totals(self) -> Totals:
        active = [person for person in self._by_id.values() if person.is_active]
        return Totals(len(active), sum(1 for one in active if one.phone), sum(1 for one in active if one.email))

    def marks(self) -> Iterator[tuple[int, str, str]]:
        for key, person in self._by_id.items():
            if person.is_active or person.directory_fingerprint != LEFT:
                yield person.pk, key, person.directory_fingerprint

    def with_pks(self, pks: Collection[int]) -> Iterator[Person]:
        return (person for person in self._people if person.pk in pks)

    def with_ids(self, ids: Collection[str]) -> Iterator[Person]:
        return (self._by_id[key] for key in ids if key in self._by_id)

    def with_usernames(self, usernames: Collection[str]) -> Iterator[Person]:
        return (self._by_username[name] for name in usernames if name in self._by_username)

    def with_numbers(self, numbers: Collection[str]) -> Iterator[Person]:
        return (person for person in self._people if person.is_active and person.phone in numbers)
