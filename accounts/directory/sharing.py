"""The same number at two people: allowed, reported, or refused, as the organisation wants. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from accounts.directory.drafts import Draft, Sharing
from accounts.directory.entries import Flaw, Problem
from accounts.people import Person


def settle(drafts: dict[str, Draft], others: Iterable[Person], policy: Sharing) -> None:
    """Report each draft whose number somebody else has as well; with "refuse" it does not get that number."""
    if policy == "allow":
        return
    numbers = Counter(person.phone for person in others if person.phone and person.is_active)
    for draft in drafts.values():
        if draft.new.is_active:
            numbers.update(number for number in (draft.new.phone, _resting(draft.new)) if number)
    reported: set[str] = set()
    again = True
    while again:
        again = False
        for key, draft in drafts.items():
            has = draft.number in (draft.new.phone, _resting(draft.new))
            if draft.number and has and numbers[draft.number] > 1:
                if key not in reported:
                    reported.add(key)
                    draft.problems.append(Problem(Flaw.NUMBER_SHARED))
                again |= policy == "refuse" and _take_back(draft, numbers)


def _resting(person: Person) -> str:
    """The number that will count; a refused one is nobody's."""
    return person.phone_next if person.phone_next_at else ""


def _take_back(draft: Draft, numbers: Counter[str]) -> bool:
    """Let the person have what they had before. The number stays counted until everybody was looked at: two who ask
    for one number are both refused."""
    old, new = draft.old, draft.new
    if not draft.given:
        return False
    draft.new = new._replace(
        phone=old.phone, phone_source=old.phone_source, phone_confirmed_at=old.phone_confirmed_at,
        phone_next=old.phone_next, phone_next_at=old.phone_next_at, directory_phone=old.directory_phone,
    )  # fmt: skip
    if old.phone:
        numbers[old.phone] += 1
    return True
