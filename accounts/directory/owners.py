"""Whom an undo may give a number back where each number has one owner only: nobody whose number somebody else keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from accounts.directory.verdicts import Left, Verdict
from accounts.models import User
from accounts.people import Person
from accounts.portions import portions

AT_ONCE = 2000


class Owners:
    """First every verdict is noted, then settled together: a number may wait for another one to be given up, and that
    one for a third. Holds the numbers of those whose number would change, and nobody else's."""

    def __init__(self) -> None:
        self._wants: dict[int, set[str]] = {}
        self._gives: set[int] = set()
        self._contested: set[str] = set()
        self.kept_from: set[int] = set()
        """After `settle`: whom of those noted the undo has to leave, by the person's primary key."""

    def note(self, verdicts: Iterable[Verdict]) -> None:
        for one in verdicts:
            if one.back:
                after = _numbers(one.back)
                if one.now.phone not in after:
                    self._gives.add(one.now.pk)
                if gained := after - _numbers(one.now):
                    self._wants[one.now.pk] = gained

    def settle(self) -> None:
        """After the last note."""
        counted = Counter(number for numbers in self._wants.values() for number in numbers)
        self._contested = {number for number, count in counted.items() if count > 1}
        holders = _holders(counted)
        again = True
        while again:
            kept = [pk for pk, numbers in self._wants.items() if self._is_kept(pk, numbers, holders)]
            for pk in kept:
                del self._wants[pk]
            self._gives.difference_update(kept)
            self.kept_from.update(kept)
            again = bool(kept)

    def hold(self, verdicts: Iterable[Verdict]) -> None:
        """Leave those who would get a number that somebody else has and keeps."""
        gained = {one.now.pk: _numbers(one.back) - _numbers(one.now) for one in verdicts if one.back}
        holders = _holders({number for numbers in gained.values() for number in numbers})
        for one in verdicts:
            if one.back and self._is_kept(one.now.pk, gained[one.now.pk], holders):
                one.back, one.left = None, Left.NUMBER_TAKEN

    def _is_kept(self, pk: int, numbers: set[str], holders: dict[str, set[int]]) -> bool:
        return any(
            number in self._contested or holders.get(number, set()) - self._gives - {pk} for number in numbers
        )  # fmt: skip


def _numbers(person: Person) -> set[str]:
    """What the person has or will have: a refused number is nobody's."""
    return {person.phone, person.phone_next if person.phone_next_at else ""} - {""} if person.is_active else set()


def _holders(numbers: Collection[str]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for some in portions(sorted(numbers), AT_ONCE):
        for number, pk in User.objects.filter(phone__in=some, is_active=True).values_list("phone", "pk"):
            found.setdefault(number, set()).add(pk)
    return found
