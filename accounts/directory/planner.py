"""From entries and the people known so far to a Plan. Pure: no Django, no models, no clock.

The id of an entry is the person. A user name may move to somebody else, a number may come and go; what makes one
person of two, or two of one, is never guessed: the entries concerned are left alone and reported.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from accounts.directory import sharing, usernames
from accounts.directory.attendance import Attendance, Standing, Unreadables
from accounts.directory.drafts import DEFAULT, Draft, Drafting, Policy, left, may_return
from accounts.directory.entries import Entry, Flaw, Problem, Sighting, Unreadable
from accounts.directory.keys import any_of
from accounts.directory.known import Few, Known
from accounts.directory.numbers import Choice
from accounts.directory.parsing import Parser, Read
from accounts.directory.pile import Pile, touched_numbers
from accounts.directory.plan import NOWHERE_ELSE, Elsewhere, Plan, Unsettled
from accounts.directory.spool import Listed
from accounts.directory.tally import Tally, total
from accounts.people import NOBODY, Change, Person
from accounts.phones import Rules

AT_ONCE = 2000
"""So many people are looked up together."""


class Planner:
    """Takes records while they arrive, then gives the plan.

    With `complete=False` the records are some of the directory's only: whoever is absent from them stays (but gives way
    when a user name has passed to another id). With `elsewhere`, `known` and the records are all there is to say about
    some of the people, and nothing is said about the others. `parser` reads the records that are new or changed.
    """

    def __init__(
        self,
        known: Known | Iterable[Person],
        *,
        rules: Rules,
        policy: Policy = DEFAULT,
        complete: bool = True,
        elsewhere: Elsewhere | None = None,
        parser: Parser | None = None,
    ) -> None:
        self._known: Known = Few(known) if isinstance(known, Iterable) else known
        self._policy, self._complete, self._elsewhere = policy, complete, elsewhere or NOWHERE_ELSE
        self._drafting = Drafting(rules, policy)
        self._parser = parser or Parser(rules, processes=0)
        self._attendance = Attendance(self._known, self._drafting.mark)
        self._changed: list[Sighting] = []
        self._names, self._numbers = list[str](), set[str]()
        self._pile = Pile()
        self._unreadable = Unreadables()
        self._held: set[str] = set()
        self._problems: list[Problem] = []
        self._holders: dict[str, Person] = {}
        self._others: dict[int, Person] = {}
        self._entries = self._twice = 0

    @property
    def expected(self) -> int:
        """How many people the directory showed the last time."""
        return self._attendance.expected

    def take(self, sightings: Sequence[Sighting]) -> None:
        """Look at some records. One whose fingerprint is known costs no more than that."""
        self._entries += len(sightings)
        self._changed += self._attendance.changed(sightings)
        if len(self._changed) >= AT_ONCE:
            self._read()
        self._look_at(self._parser.ready())

    def finish(self) -> Plan:
        """The plan; the planner is used up."""
        self._read()
        self._look_at(self._parser.finish())
        self._find_others()
        self._hold_duplicates()
        aside = self._settle_names()
        self._settle_numbers(self._pile.drop(self._held))
        return self._plan(aside)

    def _read(self) -> None:
        """Have read what is new or changed."""
        changed, self._changed = self._changed, []
        found = self._known.with_ids([one.directory_id for one in changed if one.directory_id])
        known = {person.directory_id: person for person in found}
        self._parser.submit([(one, known.get(one.directory_id)) for one in changed])

    def _look_at(self, found: Iterable[Read]) -> None:
        for each, newcomers in found:
            for (_, record, choice), person in each:
                if isinstance(record, Unreadable):
                    self._keep_unreadable(record, person)
                elif person and choice:
                    self._look_at_known(record, choice, person)
            self._pile.add_newcomers(newcomers)
            self._names += newcomers.names
            self._numbers.update(newcomers.numbers)
            if len(self._names) >= AT_ONCE or len(self._numbers) >= AT_ONCE:
                self._find_others()

    def _look_at_known(self, entry: Entry, choice: Choice, person: Person) -> None:
        if not self._attendance.look_at(person):
            self._hold(Flaw.DUPLICATE_ID, person, entry.dn, entry.username)
            return
        draft = self._drafting.draft(entry, choice, person)
        self._pile.add(draft)
        if draft.new.username != person.username:
            self._names.append(draft.new.username)
        self._numbers |= touched_numbers(draft)

    def _find_others(self) -> None:
        """Find the people whose names are asked for, and who have numbers that are asked for or given up."""
        names, numbers = self._names, self._numbers
        self._names, self._numbers = [], set()
        self._holders.update((person.username, person) for person in self._known.with_usernames(names))
        if self._policy.sharing != "allow":
            for person in (*self._known.with_numbers(numbers), *self._elsewhere.having(numbers)):
                if not self._attendance.was_looked_at(person):
                    self._others[person.pk] = person

    def _keep_unreadable(self, record: Unreadable, known: Person | None) -> None:
        """Whoever the record may stand for is in the directory still."""
        pk = known.pk if known else 0
        self._problems.append(record.problem._replace(pk=pk, username=record.username[:150], dn=record.dn))
        self._unreadable.add(record)

    def _hold(self, flaw: Flaw, person: Person, dn: str, username: str) -> None:
        """Leave this id alone, and say why."""
        self._held.add(person.directory_id)
        self._problems.append(Problem(flaw, pk=person.pk, username=username, dn=dn))

    def _hold_duplicates(self) -> None:
        """Nobody with several entries is touched, whether one of them is just as known, or nobody knew the id."""
        twice, alike = self._attendance.close(), self._pile.ids.repeated()
        met: set[str] = set()
        suspects = self._pile.pick(lambda draft: _is_among(draft, twice, alike)) if twice or alike else ()
        for draft in suspects:
            new = draft.new
            if new.pk or new.directory_id in met:
                self._hold(Flaw.DUPLICATE_ID, new, new.directory_dn, new.username)
                self._twice += 1
            met.add(new.directory_id)

    def _settle_names(self) -> list[tuple[Person, str]]:
        alike = self._pile.names.repeated()
        if not alike and not self._holders:
            return []
        asking = self._pile.pick(lambda draft: _may_share_a_name(draft, alike, self._holders))
        holders = usernames.Holders(self._holders, self._attendance.standing, self._unreadable.may_be, self._taken)
        settled = usernames.settle(asking, holders, self._held)
        self._held |= settled.held
        self._problems += settled.problems
        return settled.aside

    def _taken(self, names: Sequence[str]) -> set[str]:
        known = (person.username for person in self._known.with_usernames(names))
        return {*known, *(name for name in names if name in self._pile.names)}

    def _settle_numbers(self, held: Iterable[Draft]) -> None:
        if self._policy.sharing == "allow":
            return
        staying = [draft.old for draft in held if draft.old is not NOBODY]
        for person in self._others.values():
            if not self._attendance.was_looked_at(person) and not self._is_leaving(person):
                staying.append(person)
        alike = {*self._pile.numbers.repeated(), *(hash(person.phone) for person in staying)}
        if not alike:
            return
        before = self._pile.pick(lambda draft: any_of(touched_numbers(draft), alike))
        after = {one.new.directory_id: replace(one, problems=list(one.problems)) for one in before}
        sharing.settle(after, staying, self._policy.sharing)
        for draft in before:
            if after[draft.new.directory_id] != draft:
                self._pile.replace(draft, after[draft.new.directory_id])

    def _is_leaving(self, person: Person) -> bool:
        """Whether somebody whom the directory does not show is to be deactivated."""
        if not self._complete or not person.is_active or self._attendance.standing(person) is not Standing.ABSENT:
            return False
        return person.directory_id not in self._held and not self._unreadable.may_be(person)

    def _plan(self, aside: Sequence[tuple[Person, str]]) -> Plan:
        pile, sums, entries = self._pile, self._pile.sums, self._entries
        renamed = {person.pk: Change(person, _aside(person, name)) for person, name in aside}
        moved = [change for change in renamed.values() if not self._is_leaving(change.old)]
        leaving = sum_of_leavers = 0
        for change in self._leavers(renamed):
            leaving, sum_of_leavers = leaving + 1, sum_of_leavers + total([change])
        return Plan(
            create=Listed(pile.creations, sums.created),
            changes=Listed(
                lambda: chain(moved, self._leavers(renamed), pile.changes()), len(moved) + leaving + sums.changed
            ),
            problems=Listed(lambda: chain(self._problems, pile.problems()), len(self._problems) + sums.problems),
            unchanged=self._attendance.as_before + sums.unchanged,
            entries=entries,
            unsettled=self._unsettled(),
            tally=self._tally(leaving),
            sum_of_changes=sums.digest + total(moved) + sum_of_leavers,
        )

    def _leavers(self, renamed: dict[int, Change]) -> Iterator[Change]:
        """Asked of the database each time, since they may be everybody."""
        for person in self._known.with_pks(self._attendance.absent) if self._complete else ():
            if self._is_leaving(person):
                yield Change(person, left(renamed[person.pk].new if person.pk in renamed else person))

    def _tally(self, leaving: int) -> Tally:
        known, beside, sums, attendance = self._known.totals(), self._elsewhere, self._pile.sums, self._attendance
        seen = attendance.as_before + attendance.looked_at + len(self._pile.ids) - self._twice
        return Tally(
            entries=self._entries + beside.shown,
            usable=seen + beside.shown,
            people=known.people + beside.people,
            numbers=known.numbers + beside.numbers,
            leaving=sums.leaving + leaving,
            numbers_changed=sums.numbers_changed,
            numbers_lost=sums.numbers_lost,
            addresses=known.addresses + beside.addresses,
            addresses_lost=sums.addresses_lost,
            most_alike=self._pile.most_alike,
        )

    def _unsettled(self) -> Unsettled:
        shared = self._pile.shared if self._policy.sharing == "refuse" else set()
        return Unsettled(self._held | self._unreadable.again.ids | shared, self._unreadable.again.dns)


def _is_among(draft: Draft, known: Container[int], new: Container[int]) -> bool:
    if draft.old is NOBODY:
        return hash(draft.new.directory_id) in new
    return draft.old.pk in known


def _may_share_a_name(draft: Draft, alike: Container[int], holders: Container[str]) -> bool:
    exists = draft.old is not NOBODY or draft.new.is_active
    return exists and (draft.new.username in holders or hash(draft.new.username) in alike)


def _aside(person: Person, username: str) -> Person:
    """Somebody whose name has passed to another id; their own entry is looked at again when it comes."""
    noted = person.directory_fingerprint if may_return(person) else ""
    return person._replace(username=username, directory_fingerprint=noted)
