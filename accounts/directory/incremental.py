"""An incremental run: the plan that a full run would make, out of what changed and of those whom it concerns.

What changed is the directory's word; whoever it may concern (holders of the names that are asked for, people who are
said to be gone, what the last run could not settle) is looked up by id, so that nothing hangs on the feed's word alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Lower

from accounts.directory import guards, usernames
from accounts.directory.drafts import Policy, rules_mark
from accounts.directory.entries import Sighting, Unreadable
from accounts.directory.guards import Guard, Limits, Stop
from accounts.directory.plan import Elsewhere, Plan, Unsettled
from accounts.directory.planner import Planner
from accounts.directory.readers import FollowedReader, Follower, Position, PositionLost
from accounts.directory.stored import PERSON
from accounts.directory.tally import Tally
from accounts.models import SyncRun, User
from accounts.people import Person
from accounts.phones import Rules
from accounts.portions import portions

MOST_CHANGES = 10_000
"""More than so many are read faster in pages, all of them."""
MOST_UNSETTLED = 1000
MOST_STRANGERS = 2000
"""So many entries of which the portal knows nothing (locked ones, as a rule) are looked up where ids were counted."""
IDLE_FOR = timedelta(days=2)
AT_ONCE = 500
VERY_MUCH = "very much changed"
TOGETHER = "The runs of what changed since the last run of everybody are counted together."


def source_of(reader: FollowedReader, rules: Rules, policy: Policy) -> str:
    """32 hexadecimal digits for what is read and by which rules: a position holds for the same only."""
    facts = (reader.source, rules_mark(rules), policy.sharing, policy.authority)
    return blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def last_position(source: str, *, now: datetime, full_every: timedelta) -> Position:
    """Where the last run that was done ended. Raises PositionLost when there is none, or everybody's turn has come."""
    done = SyncRun.objects.filter(state=SyncRun.State.DONE, dry_run=False).order_by("-pk")
    full = done.filter(mode=SyncRun.Mode.FULL).first()
    last = done.exclude(mode=SyncRun.Mode.UNDO).first()
    if last is None or full is None:
        raise PositionLost("there was no run before this one")
    if last.source != source:
        raise PositionLost("the directory or the rules were set up anew since the last run")
    if not last.position:
        raise PositionLost("the last run left nothing to go on from")
    if not now - full_every <= full.started_at <= now:
        raise PositionLost("everybody's turn has come")
    position: Position = last.position
    return position


def with_unsettled(position: Position, unsettled: Unsettled) -> Position:
    """The position that a run leaves behind; none where too much is unsettled to be looked up each time."""
    if not position or len(unsettled.ids) + len(unsettled.dns) > MOST_UNSETTLED:
        return {}
    if any("\N{REPLACEMENT CHARACTER}" in dn for dn in unsettled.dns):
        return {}
    return {**position, "unsettled": {"ids": sorted(unsettled.ids), "dns": sorted(unsettled.dns)}}


def tidy(full: SyncRun, *, now: datetime) -> None:
    """After a run of everybody: positions from before are of no use, nor are runs of long ago that found nothing."""
    before = SyncRun.objects.filter(pk__lt=full.pk)
    before.exclude(position={}).update(position={})
    idle = before.filter(mode=SyncRun.Mode.INCREMENTAL, state=SyncRun.State.DONE, counts__entries=0, dry_run=False)
    idle.filter(started_at__lt=now - IDLE_FOR).delete()


def creeping(tally: Tally, limits: Mapping[Guard, Limits]) -> Stop | None:
    """What a guard says against all that the runs of what changed have done since the last run of everybody, or since
    an admin let one through: many small runs take away no more than one large one may."""
    done = SyncRun.objects.filter(state=SyncRun.State.DONE, dry_run=False).exclude(mode=SyncRun.Mode.UNDO)
    small = Q(mode=SyncRun.Mode.INCREMENTAL, confirms=None)
    begun = done.exclude(small).aggregate(latest=Max("pk"))["latest"] or 0
    earlier = list(done.filter(small, pk__gt=begun).values_list("counts", flat=True))
    left = sum(counts.get("deactivated", 0) for counts in earlier) if tally.leaving else 0
    changed = sum(counts.get("phones_changed", 0) for counts in earlier) if tally.numbers_changed else 0
    together = tally._replace(
        leaving=tally.leaving + left, people=tally.people + left, numbers_changed=tally.numbers_changed + changed
    )
    stop = guards.check(together, limits)
    return stop._replace(words=f"{stop.words} {TOGETHER}") if stop else None


class Result(NamedTuple):
    plan: Plan
    position: Position


def plan_changes(follower: Follower, since: Position, *, rules: Rules, policy: Policy, now: datetime) -> Result:
    """Ask what changed since, and plan it. Writes nothing. Raises PositionLost and DirectoryError."""
    changes = follower.changes(since, now=now)
    again = _unsettled(since)
    if not (changes.seen or changes.gone or again.ids or again.dns) and changes.present is None:
        return Result(Plan(), with_unsettled(changes.position, again))
    concerned = Concerned(follower)
    concerned.see(changes.seen)
    concerned.look_for(again.ids, again.dns)
    concerned.look_for(_known_among(changes.gone))
    if changes.present is not None:
        concerned.compare(changes.present)
    concerned.complete()
    plan = concerned.plan(rules, policy)
    return Result(plan, with_unsettled(changes.position, plan.unsettled))


class Concerned:
    """Everybody whom a change may concern, on both sides: shown by the directory now or known to be absent from it, and
    known to the portal or not."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._sightings: list[Sighting] = []
        self._sought: set[str] = set()
        self._people: dict[int, Person] = {}

    def see(self, sightings: Iterable[Sighting]) -> None:
        """Take records that were read just now."""
        self._sightings += sightings
        self._sought.update(sighting.directory_id for sighting in sightings)
        if len(self._sightings) > MOST_CHANGES:
            raise PositionLost(VERY_MUCH)

    def look_for(self, ids: Collection[str], dns: Collection[str] = ()) -> None:
        """Read these records; whoever is not found is absent."""
        unread = set(ids) - self._sought - {""}
        if len(unread) > MOST_CHANGES:
            raise PositionLost(VERY_MUCH)
        if unread or dns:
            self.see(self._follower.find(sorted(unread), sorted(dns)))
            self._sought |= unread

    def compare(self, present: set[str]) -> None:
        """Look for everybody who is on one side only."""
        known = dict(_of_directory().values_list("directory_id", "is_active"))
        self.look_for([key for key, active in known.items() if key and active and key not in present])
        strangers = present - known.keys()
        if len(strangers) <= MOST_STRANGERS:
            self.look_for(strangers)

    def complete(self) -> None:
        """Go on until nobody is left whom somebody here concerns."""
        done = 0
        while True:
            fresh, done = self._sightings[done:], len(self._sightings)
            self._load("directory_id__in", self._sought)
            self._load_claimed(fresh)
            unread = {person.directory_id for person in self._people.values()} - self._sought - {""}
            if not unread:
                return
            self.look_for(unread)

    def _load_claimed(self, sightings: Iterable[Sighting]) -> None:
        """People whose user names these records ask for, or for whom one that cannot be read may stand."""
        records = [sighting.record() for sighting in sightings]
        names = {record.username for record in records} - {""}
        self._load("username__in", names)
        aside = [usernames.aside(person.username, person.directory_id) for person in self._people.values()]
        self._load("username__in", {name for some in aside for name in some})
        self._load("dn__in", {record.dn.lower() for record in records if isinstance(record, Unreadable)})

    def _load(self, lookup: str, values: Iterable[str]) -> None:
        for some in portions(values, AT_ONCE):
            for person in _people(User.objects.alias(dn=Lower("directory_dn")).filter(**{lookup: some})):
                self._people[person.pk] = person

    def plan(self, rules: Rules, policy: Policy) -> Plan:
        people = self._people.values()
        planner = Planner(people, rules=rules, policy=policy, elsewhere=self._elsewhere())
        planner.take(self._sightings)
        return planner.finish()

    def _elsewhere(self) -> Elsewhere:
        everybody = (
            _of_directory()
            .filter(is_active=True)
            .aggregate(
                people=Count("pk"), numbers=Count("pk", filter=~Q(phone="")), addresses=Count("pk", filter=~Q(email=""))
            )
        )
        here = [person for person in self._people.values() if person.directory_id and person.is_active]
        people = everybody["people"] - len(here)
        return Elsewhere(
            people=people,
            numbers=everybody["numbers"] - sum(1 for person in here if person.phone),
            addresses=everybody["addresses"] - sum(1 for person in here if person.email),
            shown=people if self._sightings or self._follower.shows_anybody() else 0,
            having=self._having,
        )

    def _having(self, numbers: set[str]) -> Iterator[Person]:
        for some in portions(numbers, AT_ONCE):
            for person in _people(User.objects.filter(phone__in=some, is_active=True)):
                if person.pk not in self._people:
                    yield person


def _unsettled(position: Position) -> Unsettled:
    found = position.get("unsettled", {})
    return Unsettled(set(found.get("ids", ())), set(found.get("dns", ())))


def _known_among(ids: Iterable[str]) -> set[str]:
    return {
        key
        for some in portions(ids, AT_ONCE)
        for key in _of_directory().filter(directory_id__in=some).values_list("directory_id", flat=True)
        if key
    }


def _of_directory() -> QuerySet[User]:
    return User.objects.filter(directory_id__isnull=False).order_by()


def _people(found: QuerySet[User]) -> Iterator[Person]:
    return map(Person._make, found.order_by().values_list(*PERSON))
