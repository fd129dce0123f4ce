"""What an undo would make of each change of a run, judged against the people as they are now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.directory import kept
from accounts.directory.owners import Owners
from accounts.directory.verdicts import Kept, Left, Verdict, judge, sent_away
from accounts.models import SyncChange, SyncRun, User
from accounts.names import LONGEST
from accounts.people import COLUMNS, Person
from accounts.portions import portions

BATCH = 2000
KINDS = (SyncChange.Kind.UPDATED, SyncChange.Kind.DEACTIVATED, SyncChange.Kind.REACTIVATED, SyncChange.Kind.CREATED)
Portion = Callable[[], list[Verdict]]


class Judge:
    """Judges what one run did. With `lock` the people's rows are held, and the caller has a transaction for each
    portion."""

    def __init__(self, run: SyncRun, *, lock: bool = False) -> None:
        self._run, self._lock = run, lock
        self._owners: Owners | None = None

    def respect_owners(self, beat: Callable[[], None] = lambda: None) -> None:
        """Each number may have one owner only: look at the whole run beforehand, with a `beat` for each portion."""
        looker, owners = Judge(self._run), Owners()
        for portion in looker.portions():
            owners.note(portion())
            beat()
        owners.settle()
        self._owners = owners

    def portions(self) -> Iterator[Portion]:
        """All changes once: first all of user names together, then the others as the index finds them. Each portion is
        judged when it is called."""
        named: set[int] = set()

        def renamed() -> list[Verdict]:
            verdicts = self.renamed()
            named.update(one.row.pk for one in verdicts)
            return verdicts

        yield renamed
        for rows in self._batches():
            yield lambda rows=[row for row in rows if row.pk not in named]: self.settled(rows)  # type: ignore[misc]

    def _batches(self) -> Iterator[list[Kept]]:
        for kind in KINDS:
            last = 0
            while rows := _rows(kept.of_run(self._run).filter(kind=kind, pk__gt=last), BATCH):
                yield [row for row in rows if not row.renames]
                last = rows[-1].pk

    def some(self, pks: Collection[int]) -> dict[int, Verdict]:
        """A few changes by primary key, without regard to names and numbers that others have."""
        return {one.row.pk: one for one in self.settled(_rows(self._run.changes.filter(pk__in=pks)))}

    def settled(self, rows: list[Kept]) -> list[Verdict]:
        people = _people((row.user_id for row in rows), lock=self._lock)
        verdicts = [judge(row, people[row.user_id]) for row in rows if row.user_id in people]
        returning = {one.now.pk: one for one in verdicts if one.back and one.back.is_active and not one.now.is_active}
        for keys in portions(sorted(returning), BATCH):
            # Gone, come back and gone again looks the same, yet is not the run's doing.
            again = User.objects.filter(pk__in=keys, deactivated_at__gt=self._run.finished_at)
            for pk in again.values_list("pk", flat=True):
                returning[pk].back, returning[pk].left = None, Left.CHANGED_SINCE
        if self._owners:
            self._owners.hold(verdicts)
        return verdicts

    def renamed(self) -> list[Verdict]:
        """All whose user name the run changed, together: names are swapped back at once, and whoever the run created
        under such a name makes room."""
        found = kept.of_run(self._run).exclude(kind=SyncChange.Kind.CREATED).filter(touches__contains=",username,")
        verdicts = self.settled(_rows(found))
        wanted = {one.back.username: one for one in verdicts if one.back and one.back.username != one.now.username}
        if not wanted:
            return verdicts
        room = self._making_room(wanted)
        _hold_where_taken(wanted, {one.now.pk for one in room})
        given_back = {name for name, one in wanted.items() if one.back}
        return verdicts + [one for one in room if one.now.username in given_back]

    def _making_room(self, names: Collection[str]) -> list[Verdict]:
        """People whom the run created under a name that somebody gets back."""
        created = self._run.changes.filter(kind=SyncChange.Kind.CREATED)
        rows = [
            row for part in portions(sorted(names), BATCH) for row in _rows(created.filter(user__username__in=part))
        ]
        verdicts = [one for one in self.settled(rows) if one.back]
        for one in verdicts:
            suffix = f"~{one.now.directory_id[:16]}"
            one.back = sent_away(one.now)._replace(username=one.now.username[: LONGEST - len(suffix)] + suffix)
        return verdicts


def _rows(found: QuerySet[SyncChange], most: int | None = None) -> list[Kept]:
    return list(map(Kept._make, found.order_by("pk").values_list(*Kept._fields)[:most]))


def _people(pks: Iterable[int], *, lock: bool) -> dict[int, Person]:
    """Those who are there still, as they are now."""
    columns = ("pk", Coalesce(F("directory_id"), Value("")), *COLUMNS[1:])
    found: dict[int, Person] = {}
    for keys in portions(sorted(set(pks)), BATCH):
        rows = User.objects.filter(pk__in=keys).order_by("pk")
        rows = rows.select_for_update(no_key=True) if lock else rows
        found.update((row[0], Person._make(row)) for row in rows.values_list(*columns))
    return found


def _hold_where_taken(wanted: dict[str, Verdict], makes_room: set[int]) -> None:
    """Leave those whose former name somebody else has and keeps; they then keep theirs, so others may have to wait."""
    holders: dict[str, int] = {}
    for names in portions(sorted(wanted), BATCH):
        holders.update(User.objects.filter(username__in=names).values_list("username", "pk"))
    moving = {one.now.pk for one in wanted.values()} | makes_room
    again = True
    while again:
        again = False
        for name, one in wanted.items():
            holder = holders.get(name, one.now.pk)
            if one.back and holder != one.now.pk and holder not in moving:
                one.back, one.left, again = None, Left.NAME_TAKEN, True
                moving.discard(one.now.pk)
