"""Who of the people known has turned up in the directory. Pure; holds a hundred bytes of each."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from accounts.directory.entries import Flaw, Sighting, Unreadable
from accounts.directory.known import LEFT, Known
from accounts.directory.plan import Unsettled
from accounts.people import Person


class Standing(Enum):
    """Of somebody known, once everything was read."""

    AS_BEFORE = auto()
    LOOKED_AT = auto()
    ABSENT = auto()


class Attendance:
    """Knows each person by a 64 bit hash of id and fingerprint, with a key of this process, and forgets those who are
    seen: whoever is left at the end is absent or changed."""

    def __init__(self, known: Known, mark: str) -> None:
        # No id contains a space.
        self._between = f" {mark}"
        self._expected = {hash(f"{key} {noted}"): pk for pk, key, noted in known.marks()}
        self.expected = len(self._expected)
        self._newest = max(self._expected.values(), default=0)
        self._looked_at: set[int] = set()
        self._doubtful: set[int] = set()
        self._absent: set[int] = set()
        self.as_before = 0

    def changed(self, sightings: Sequence[Sighting]) -> list[Sighting]:
        """Those of the sightings that are not of somebody just as known."""
        forget, between = self._expected.pop, self._between
        changed = [one for one in sightings if forget(hash(one.directory_id + between + one.fingerprint), None) is None]
        self.as_before += len(sightings) - len(changed)
        return changed

    def look_at(self, person: Person) -> bool:
        """Note that somebody's entry was read; False when that is the second time."""
        if person.pk in self._looked_at:
            return False
        self._looked_at.add(person.pk)
        known = self._expected.pop(hash(f"{person.directory_id} {person.directory_fingerprint}"), None)
        if known is None and person.directory_fingerprint != LEFT and person.pk <= self._newest:
            self._doubtful.add(person.pk)
        return True

    @property
    def looked_at(self) -> int:
        return len(self._looked_at)

    def was_looked_at(self, person: Person) -> bool:
        return person.pk in self._looked_at

    def close(self) -> set[int]:
        """After the last look. Returns those who were looked at though they had been seen just as known: two entries.
        (Not so who was changed by another hand meanwhile: what was known of them is left over.)"""
        left_over = set(self._expected.values())
        self._expected.clear()
        self._absent = left_over - self._looked_at
        return self._doubtful - left_over

    @property
    def absent(self) -> set[int]:
        return self._absent

    def standing(self, person: Person) -> Standing:
        if person.pk in self._looked_at:
            return Standing.LOOKED_AT
        away = person.pk in self._absent or (person.directory_fingerprint == LEFT and not person.is_active)
        return Standing.ABSENT if away else Standing.AS_BEFORE


class Unreadables:
    """Records that cannot be used, and whom each may stand for: by id, by user name, by DN."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._usernames: set[str] = set()
        self._dns: set[str] = set()
        self.again = Unsettled(set(), set())

    def add(self, record: Unreadable) -> None:
        self._ids.add(record.directory_id)
        self._usernames.add(record.username)
        self._dns.add(record.dn.lower())
        if record.problem.reason == Flaw.NO_ID:
            self.again.dns.add(record.dn)
        else:
            self.again.ids.add(record.directory_id)

    def may_be(self, person: Person) -> bool:
        return (
            person.directory_id in self._ids
            or person.username in self._usernames
            or person.directory_dn.lower() in self._dns
        )
