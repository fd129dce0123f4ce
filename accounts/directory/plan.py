"""What a run has to do: entries and the people known so far in, a Plan out. Pure: no Django, no models, no clock.

The id of an entry is the person. A user name may move to somebody else, a number may come and go; what makes one
person of two, or two of one, is never guessed: the entries concerned are left alone and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Literal, NamedTuple

import phonenumbers

from accounts.directory import numbers, sharing, usernames
from accounts.directory.entries import Entry, Flaw, Problem, Record, Sighting, Unreadable
from accounts.people import Change, Person
from accounts.phones import Rules

LEFT = "left"
"""Stands in the fingerprint of somebody whom a run deactivated: only such a person is let back in by a run."""

AWAY, MARK = "~", 8
"""Begins the fingerprint of somebody whom an undo deactivated, before that of their entry without its mark: while the
entry stays as it is, no run lets them back in. The mark of the rules is so many digits long."""

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
NOBODY = Person(0, "", "", "", "", "", "", "", "", "", True)


class Tally(NamedTuple):
    """What guards judge. `people` and `numbers` are how many the portal had before: active people of the directory, and
    those of them with a number. The lost ones are counted when they go, not again at each later run."""

    entries: int = 0
    usable: int = 0
    people: int = 0
    numbers: int = 0
    leaving: int = 0
    numbers_changed: int = 0
    numbers_lost: int = 0
    addresses: int = 0
    addresses_lost: int = 0
    most_alike: int = 0


class Unsettled(NamedTuple):
    """Entries whose outcome hangs on other entries."""

    ids: set[str]
    dns: set[str]


class Elsewhere(NamedTuple):
    """The people beside those whom a planner was given: how many they are (as in Tally), how many of them the directory
    is taken to show, and who of them has one of some numbers."""

    people: int
    numbers: int
    addresses: int
    shown: int
    having: Callable[[set[str]], Iterable[Person]]


NOWHERE_ELSE = Elsewhere(0, 0, 0, 0, lambda _: ())


@dataclass
class Plan:
    """Everything a run would write. In `create`, `old` is NOBODY and `new` has pk 0; `changes` may touch notes only
    (`refreshed`). `entries` is how many were read; `unsettled` are those that a next run must look at again though
    nothing about them may change, by id or, without one, by DN."""

    create: list[Change] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unchanged: int = 0
    entries: int = 0
    unsettled: Unsettled = field(default_factory=lambda: Unsettled(set(), set()))
    tally: Tally = field(default_factory=Tally)

    @property
    def update(self) -> list[Change]:
        return [change for change in self.changes if change.visible and change.old.is_active == change.new.is_active]

    @property
    def deactivate(self) -> list[Change]:
        return [change for change in self.changes if change.old.is_active and not change.new.is_active]

    @property
    def reactivate(self) -> list[Change]:
        return [change for change in self.changes if change.new.is_active and not change.old.is_active]

    @property
    def refreshed(self) -> list[Change]:
        """Changes of the sync's own notes that nobody would notice."""
        return [change for change in self.changes if not change.visible]

    @property
    def is_empty(self) -> bool:
        return not self.create and not self.changes


@dataclass(slots=True)
class Draft:
    """What one entry asks for: `old` is NOBODY for somebody new. `number` is the directory's usable one."""

    old: Person
    new: Person
    number: str
    problems: list[Problem]
    rule: str = ""

    @property
    def given(self) -> str:
        """The number that the person gets by this run, at once or after its rest; empty where nothing changes."""
        if self.new.phone != self.old.phone:
            return self.new.phone
        return self.new.phone_next if self.new.phone_next != self.old.phone_next else ""


class Planner:
    """Takes records while they arrive, then gives the plan.

    `known` is everybody the portal has, local accounts included. With `complete=False` the records are some of the
    directory's only: whoever is absent from them stays (but gives way when a user name has passed to another id).
    With `elsewhere`, `known` and the records are all there is to say about some of the people, and nothing is said
    about the others.
    """

    def __init__(
        self,
        known: Iterable[Person],
        *,
        rules: Rules,
        policy: Policy = DEFAULT,
        complete: bool = True,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._rules, self._policy, self._complete, self._elsewhere = rules, policy, complete, elsewhere
        self._known: dict[str, Person] = {}
        self._local: list[Person] = []
        for person in known:
            if person.directory_id:
                self._known[person.directory_id] = person
            else:
                self._local.append(person)
        self._mark = rules_mark(rules)
        self._names = usernames.Claims(self._known, {person.username for person in self._local})
        self._drafts: dict[str, Draft] = {}
        self._seen: set[str] = set()
        self._problems: list[Problem] = []
        self._unsettled = Unsettled(set(), set())
        self._entries = self._unchanged = 0

    def take(self, sightings: Iterable[Sighting]) -> None:
        """Look at some records. One whose fingerprint is known costs no more than that."""
        for sighting in sightings:
            self._entries += 1
            directory_id = sighting.directory_id
            known = self._known.get(directory_id)
            new = directory_id not in self._seen
            if new and known is not None and known.directory_fingerprint == self._mark + sighting.fingerprint:
                self._seen.add(directory_id)
                self._unchanged += 1
                self._names.claim(known.username, directory_id, known.directory_dn)
            else:
                self._look_at(sighting.record(), known)

    def _look_at(self, record: Record, known: Person | None) -> None:
        directory_id = record.directory_id
        if isinstance(record, Unreadable):
            self._hold_unreadable(record)
        elif directory_id in self._seen:
            self._names.hold(directory_id, Flaw.DUPLICATE_ID, record.dn, record.username)
        elif known is not None or record.enabled:
            self._seen.add(directory_id)
            draft = self._draft(record, known or NOBODY)
            self._drafts[directory_id] = draft
            self._names.claim(draft.new.username, directory_id, record.dn)
        else:
            self._seen.add(directory_id)

    def finish(self) -> Plan:
        """The plan; the planner is used up."""
        settled = self._names.settle({key: draft.new.username for key, draft in self._drafts.items()})
        self._problems += settled.problems
        drafts = {key: draft for key, draft in self._drafts.items() if key not in settled.held}
        leaving = self._leavers(settled.held)
        aside = {key: self._aside(key, name) for key, name in settled.aside}
        gone = {key: self._left(aside.get(key, self._known[key])) for key in leaving}
        sharing.settle(drafts, [*self._local, *self._staying(drafts, gone)], self._policy.sharing)
        self._unsettled.ids.update(key for key in settled.held if key)
        plan = Plan(
            problems=self._problems, unchanged=self._unchanged, entries=self._entries, unsettled=self._unsettled
        )
        self._collect(plan, drafts)
        plan.changes += [Change(self._known[key], new) for key, new in {**aside, **gone}.items()]
        plan.tally = self._count(plan, drafts)
        return plan

    def _draft(self, entry: Entry, old: Person) -> Draft:
        choice = numbers.choose(entry, self._rules, before=old.directory_phone)
        problems = [*entry.problems, *choice.problems]
        if not entry.enabled:
            return Draft(old, self._left(old) if old.is_active else old, choice.e164, [])
        if _stays_away(old, entry):
            return Draft(old, old._replace(directory_fingerprint=AWAY + entry.fingerprint), "", [])
        new = Person(
            pk=old.pk,
            directory_id=entry.directory_id,
            username=entry.username,
            name=old.name if entry.name is None else entry.name,
            email=old.email if entry.email is None else entry.email,
            phone=old.phone,
            phone_source=old.phone_source,
            directory_phone=choice.e164,
            directory_dn=entry.dn,
            directory_fingerprint=self._mark + entry.fingerprint,
            is_active=old.is_active or _may_return(old),
            phone_confirmed_at=old.phone_confirmed_at,
            phone_next=old.phone_next,
            phone_next_at=old.phone_next_at,
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

    def _left(self, person: Person) -> Person:
        return person._replace(is_active=False, directory_fingerprint=LEFT)

    def _aside(self, directory_id: str, username: str) -> Person:
        """Somebody whose name has passed to another id; their own entry is looked at again when it comes."""
        person = self._known[directory_id]
        noted = person.directory_fingerprint if _may_return(person) else ""
        return person._replace(username=username, directory_fingerprint=noted)

    def _leavers(self, held: Iterable[str]) -> list[str]:
        if not self._complete:
            return []
        present = self._seen.union(held)
        return [key for key, person in self._known.items() if person.is_active and key not in present]

    def _staying(self, drafts: dict[str, Draft], gone: dict[str, Person]) -> list[Person]:
        here = [person for key, person in self._known.items() if key not in drafts and key not in gone]
        if not self._elsewhere:
            return here
        asked = {number for draft in drafts.values() for number in (draft.old.phone, draft.new.phone, draft.number)}
        return [*here, *self._elsewhere.having(asked - {""})]

    def _hold_unreadable(self, record: Unreadable) -> None:
        """Whoever the record may stand for is in the directory still."""
        known = self._known.get(record.directory_id)
        pk = known.pk if known else 0
        self._problems.append(record.problem._replace(pk=pk, username=record.username[:150], dn=record.dn))
        if record.problem.reason == Flaw.NO_ID:
            self._unsettled.dns.add(record.dn)
        else:
            self._unsettled.ids.add(record.directory_id)
        self._names.keep(record.directory_id, record.username, record.dn)

    def _collect(self, plan: Plan, drafts: dict[str, Draft]) -> None:
        for draft in drafts.values():
            new = draft.new
            if self._policy.sharing == "refuse" and any(one.reason == Flaw.NUMBER_SHARED for one in draft.problems):
                plan.unsettled.ids.add(draft.new.directory_id)
            if draft.problems and new.directory_fingerprint != LEFT:
                # Looked at again by the next run, so that its report names what is still wrong.
                new = new._replace(directory_fingerprint="")
            plan.problems += [
                problem._replace(pk=new.pk, username=new.username, dn=new.directory_dn) for problem in draft.problems
            ]
            if draft.old is NOBODY:
                plan.create.append(Change(NOBODY, new, draft.rule))
            elif new != draft.old:
                plan.changes.append(Change(draft.old, new, draft.rule))
            else:
                plan.unchanged += 1

    def _count(self, plan: Plan, drafts: dict[str, Draft]) -> Tally:
        active = [person for person in self._known.values() if person.is_active]
        changes = [draft for draft in drafts.values() if draft.old is not NOBODY]
        given: dict[str, int] = {}
        for draft in drafts.values():
            if number := draft.given:
                given[number] = given.get(number, 0) + 1
        beside = self._elsewhere or NOWHERE_ELSE
        return Tally(
            entries=self._entries + beside.shown,
            usable=len(self._seen) + beside.shown,
            people=len(active) + beside.people,
            numbers=sum(1 for person in active if person.phone) + beside.numbers,
            leaving=len(plan.deactivate),
            numbers_changed=sum(1 for draft in changes if draft.old.phone and draft.given),
            numbers_lost=sum(1 for draft in changes if draft.old.directory_phone and not draft.new.directory_phone),
            addresses=sum(1 for person in active if person.email) + beside.addresses,
            addresses_lost=sum(1 for draft in changes if draft.old.email and not draft.new.email),
            most_alike=max(given.values(), default=0),
        )


def _may_return(person: Person) -> bool:
    """Whether a run may let somebody back in: those whom a run or its undo sent away, and nobody else."""
    return not person.is_active and (
        person.directory_fingerprint == LEFT or person.directory_fingerprint.startswith(AWAY)
    )


def _stays_away(person: Person, entry: Entry) -> bool:
    """Whether an undo sent somebody away whose entry is as it was then. Where that was not noted, it is now."""
    return not person.is_active and person.directory_fingerprint in (AWAY, AWAY + entry.fingerprint)


def rules_mark(rules: Rules) -> str:
    """8 hexadecimal digits that change when the rules for numbers do, the first part of a stored fingerprint: other
    rules, or another edition of the world's numbering plans, make every entry be looked at again."""
    return blake2b(repr((rules.facts, phonenumbers.__version__)).encode(), digest_size=4).hexdigest()


def digest(plan: Plan) -> str:
    """32 hexadecimal digits that stand for what the plan would do, whatever order it was read in: an admin confirms
    this plan and no other. The end of a rest is left out, since it moves with the clock."""
    total = 0
    for change in (*plan.create, *plan.changes):
        if change.visible:
            facts = [change.new.directory_id, *((name, getattr(change.new, name)) for name in change.visible)]
            total += int.from_bytes(blake2b(repr(facts).encode("utf-8", "surrogatepass"), digest_size=16).digest())
    return f"{total % 2**128:032x}"
