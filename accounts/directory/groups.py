"""Groups of the directory to groups of the portal, after people were written: only those that LDAP_GROUPS names.

A group that cannot be read, is empty or would change beyond measure is left as it is; the run says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from django.conf import settings

from accounts import group_members
from accounts.directory import configuration
from accounts.directory.guards import Limits
from accounts.directory.readers import DirectoryError
from accounts.directory.readers.ldap.groups import Members, comparable, members_of
from accounts.memberships import Membership, Refusal, Rule, Size, compare
from accounts.models import User

NOBODY_SEEN = "Group {group} was left as it is: the directory shows no members of a group that it follows."


class Outcome(NamedTuple):
    """What was done, or would be by a real run, and which groups were left alone, and why."""

    changes: list[Membership]
    refusals: list[Refusal]

    @property
    def counts(self) -> dict[str, int]:
        entered = sum(1 for change in self.changes if change.entered)
        return {
            "group_members_added": entered,
            "group_members_removed": len(self.changes) - entered,
            "groups_left_alone": len(self.refusals),
        }

    @property
    def words(self) -> str:
        return " ".join(refusal.words for refusal in self.refusals)


def follow(*, dry_run: bool, beat: Callable[[], None]) -> Outcome | None:
    """Bring the portal's groups in line with the directory's; None where no group is to follow one. `beat` is called in
    the transaction that writes, and raises to end it."""
    rules: tuple[Rule, ...] = settings.LDAP_GROUPS
    if not rules or not settings.LDAP_URL:
        return None
    beat()
    try:
        found = members_of(configuration.server(), {rule.dn for rule in rules})
    except DirectoryError as error:
        words = f"The groups of the directory could not be read, so all were left as they are: {error}"
        return Outcome([], [Refusal("", words)])
    outcome = plan(rules, found, limits=configuration.group_limits())
    if dry_run or not outcome.changes:
        return outcome
    return Outcome(group_members.change(outcome.changes, beat=beat), outcome.refusals)


def plan(rules: Iterable[Rule], found: Mapping[str, Members | None], *, limits: Limits) -> Outcome:
    """What has to change, group by group. `found` are the members by the group's DN."""
    people = _People(filter(None, found.values()))
    by_group: dict[str, list[Members | None]] = {}
    for rule in rules:
        by_group.setdefault(rule.group, []).append(found[rule.dn])
    outcome = Outcome([], [])
    for group, sources in by_group.items():
        whole = [members for members in sources if members is not None and any(members)]
        wanted = set().union(*map(people.named_by, whole))
        present = _members(group)
        size = _size(group, wanted, {pk for pk, is_active in present.items() if is_active}, people.count)
        words = _objection(group, size, limits) if len(whole) == len(sources) else NOBODY_SEEN.format(group=group)
        if words:
            outcome.refusals.append(Refusal(group, words))
        else:
            outcome.changes.extend(compare(group, wanted, set(present)))
    return outcome


def _objection(group: str, size: Size, limits: Limits) -> str:
    """Why these changes cannot be meant, in one sentence; empty where they can."""
    left_alone = f"Group {group} was left as it is:"
    if size.leaving > (most := limits.of(size.members)):
        lost = f"{size.leaving} of {size.members} members would leave it"
        return f"{left_alone} {lost}, at most {most} may ({limits.shown})."
    if size.gives_rights and size.entering > (most := limits.of(size.people)):
        gained = f"it gives rights, and {size.entering} people would enter it"
        return f"{left_alone} {gained}, at most {most} may ({limits.shown})."
    return ""


def _size(group: str, wanted: set[int], present: set[int], people: int) -> Size:
    """Leavers are not counted: the guards of the run have judged them."""
    return Size(len(present), len(wanted - present), len(present - wanted), people, group_members.gives_rights(group))


class _People:
    """The active people of the directory whom these members name; a DN that two have names neither."""

    def __init__(self, members: Iterable[Members]) -> None:
        sources = list(members)
        dns = frozenset().union(*(one.dns for one in sources))
        usernames = frozenset().union(*(one.usernames for one in sources))
        self.count = 0
        self._by_dn: dict[str, set[int]] = {}
        self._by_name: dict[str, int] = {}
        active = User.objects.filter(is_active=True, directory_id__isnull=False).order_by()
        for pk, username, dn in active.values_list("pk", "username", "directory_dn").iterator(chunk_size=5000):
            self.count += 1
            if (plain := comparable(dn)) in dns:
                self._by_dn.setdefault(plain, set()).add(pk)
            if username in usernames:
                self._by_name[username] = pk

    def named_by(self, members: Members) -> set[int]:
        """The primary keys of the members that are people of the portal."""
        by_dn = [found for dn in members.dns if len(found := self._by_dn.get(dn, set())) == 1]
        by_name = {self._by_name[name] for name in members.usernames if name in self._by_name}
        return by_name.union(*by_dn)


def _members(group: str) -> dict[int, bool]:
    """The directory's people in a group of the portal, and whether each is active."""
    people = User.objects.filter(groups__name=group, directory_id__isnull=False)
    return dict(people.order_by().values_list("pk", "is_active"))
