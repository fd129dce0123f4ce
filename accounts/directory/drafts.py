"""What one entry makes of one person. Pure; nobody else is looked at here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

import phonenumbers

from accounts.directory.entries import Entry, Flaw, Problem
from accounts.directory.known import AWAY, LEFT
from accounts.directory.numbers import Choice
from accounts.people import NOBODY, Change, Person
from accounts.phones import Rules

FROM_DIRECTORY = "directory"
FROM_PERSON = "self"
Sharing = Literal["allow", "warn", "refuse"]
Authority = Literal["newest", "directory", "self", "write_back"]
"""Whose word about a number counts: whoever changed it last, the directory always, the person's own before the
directory's; with "write_back" the last one, and the portal tells the directory."""


class Policy(NamedTuple):
    """What an organisation wants done with the numbers of its directory. A new number in place of a confirmed one rests
    until `rests_until`, or not at all."""

    sharing: Sharing = "warn"
    authority: Authority = "newest"
    rests_until: datetime | None = None


DEFAULT = Policy()


@dataclass(slots=True)
class Draft:
    """What one entry asks for: `old` is NOBODY for somebody new, who is not made when `new` is inactive. `number` is
    the directory's usable one."""

    old: Person
    new: Person
    number: str
    problems: list[Problem]
    rule: str = ""

    @property
    def row(self) -> tuple[Any, ...]:
        """As a spool keeps it: see `from_row`."""
        row = (self.new, self.number, self.problems, self.rule)
        return row if self.old is NOBODY else (*row, self.old)

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Draft:
        new, number, problems, rule, *old = row
        was = Person._make(old[0]) if old else NOBODY
        return cls(was, Person._make(new), number, [Problem._make(one) for one in problems], rule)

    @property
    def given(self) -> str:
        """The number that the person gets by this run, at once or after its rest; empty where nothing changes."""
        if self.new.phone != self.old.phone:
            return self.new.phone
        return self.new.phone_next if self.new.phone_next != self.old.phone_next else ""

    @property
    def change(self) -> Change | None:
        """What is to be written, if anything is. Who has a problem is looked at again by the next run, so that its
        report names what is still wrong."""
        new = self.new
        if self.old is NOBODY and not new.is_active:
            return None
        if self.problems and new.directory_fingerprint != LEFT:
            new = new._replace(directory_fingerprint="")
        return None if new == self.old else Change(self.old, new, self.rule)


class Drafting:
    """How the entries of people known are understood: the rules for numbers, and the policy."""

    def __init__(self, rules: Rules, policy: Policy) -> None:
        self._policy, self.mark = policy, rules_mark(rules)

    def draft(self, entry: Entry, choice: Choice, old: Person) -> Draft:
        """`choice` is which number of the entry counts, `old` the person so far."""
        if not entry.enabled:
            return Draft(old, left(old) if old.is_active else old, "", [])
        if _stays_away(old, entry):
            return Draft(old, old._replace(directory_fingerprint=AWAY + entry.fingerprint), "", [])
        problems = [*entry.problems, *choice.problems]
        new = Person(
            old.pk,
            entry.directory_id,
            entry.username,
            old.name if entry.name is None else entry.name,
            old.email if entry.email is None else entry.email,
            old.phone,
            old.phone_source,
            choice.e164,
            entry.dn,
            self.mark + entry.fingerprint,
            old.is_active or may_return(old),
            old.phone_confirmed_at,
            old.phone_next,
            old.phone_next_at,
        )
        return Draft(old, self._with_number(old, new, problems), choice.e164, problems, choice.rule)

    def _with_number(self, old: Person, new: Person, problems: list[Problem]) -> Person:
        """What the directory's number makes of the person's. One that the directory lost is kept: silence must not lock
        anybody out."""
        number = new.directory_phone
        if not number and old.phone and old.phone_source == FROM_DIRECTORY:
            problems.append(Problem(Flaw.NUMBER_GONE))
        if number and number == old.phone_next:
            return new
        if new.phone_next:
            new = new._replace(phone_next="", phone_next_at=None)
        if not number or number == old.phone or not self._follows(old, number):
            return new
        if old.phone and old.phone_confirmed_at and self._policy.rests_until:
            return new._replace(phone_next=number, phone_next_at=self._policy.rests_until)
        return new._replace(phone=number, phone_source=FROM_DIRECTORY, phone_confirmed_at=None)

    def _follows(self, old: Person, number: str) -> bool:
        """Whether the directory's number takes the place of another one of the person's. Where the person's own word
        may be the newer one, only a number that changed in the directory is news."""
        news = number != old.directory_phone
        if self._policy.authority == "directory":
            return news or old.phone_source != FROM_DIRECTORY
        if self._policy.authority == "self" and old.phone_source == FROM_PERSON:
            return False
        return news


def newcomer(entry: Entry, choice: Choice, mark: str) -> Draft:
    """What an entry makes of somebody whom the portal does not know; `mark` is that of the rules. One that is locked
    makes nobody."""
    if not entry.enabled:
        locked = NOBODY._replace(
            directory_id=entry.directory_id, username=entry.username, directory_dn=entry.dn, is_active=False
        )
        return Draft(NOBODY, locked, "", [])
    number = choice.e164
    new = Person(
        NOBODY.pk, entry.directory_id, entry.username, entry.name or "", entry.email or "", number,
        FROM_DIRECTORY if number else "", number, entry.dn, mark + entry.fingerprint, is_active=True,
    )  # fmt: skip
    return Draft(NOBODY, new, number, [*entry.problems, *choice.problems], choice.rule)


def left(person: Person) -> Person:
    """Somebody whom the directory does not show any more."""
    return person._replace(is_active=False, directory_fingerprint=LEFT)


def may_return(person: Person) -> bool:
    """Whether a run may let somebody back in: those whom a run or its undo sent away, and nobody else."""
    noted = person.directory_fingerprint
    return not person.is_active and (noted == LEFT or noted.startswith(AWAY))


def _stays_away(person: Person, entry: Entry) -> bool:
    """Whether an undo sent somebody away whose entry is as it was then. Where that was not noted, it is now."""
    return not person.is_active and person.directory_fingerprint in (AWAY, AWAY + entry.fingerprint)


def rules_mark(rules: Rules) -> str:
    """8 hexadecimal digits that change when the rules for numbers do, the first part of a stored fingerprint: other
    rules, or another edition of the world's numbering plans, make every entry be looked at again."""
    return blake2b(repr((rules.facts, phonenumbers.__version__)).encode(), digest_size=4).hexdigest()
