"""A directory server that is asked what changed: by its own log, by its counter of writes, or by moments of change.

Whichever it is, the answer only says whom to look at: records are found by id and read as they are now. A branch that
is renamed or moved takes people along without a word about them, so the branches themselves are compared each time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from types import ModuleType

import ldap

from accounts.directory.entries import Sighting
from accounts.directory.readers import Changes, Position, PositionLost
from accounts.directory.readers.ldap import syncrepl, timestamps, usn
from accounts.directory.readers.ldap.errors import reason, whole_answers
from accounts.directory.readers.ldap.link import Link, connected
from accounts.directory.readers.ldap.pages import LdapReader, pages
from accounts.directory.readers.ldap.person import by_id
from accounts.directory.readers.ldap.root import Root, root_of
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.records import sight
from accounts.portions import portions

KINDS: dict[str, ModuleType] = {kind.KIND: kind for kind in (usn, syncrepl, timestamps)}
UNIQUE_IDS = frozenset({"entryuuid", "objectguid", "nsuniqueid"})
"""Given by the server, so that no two entries have the same."""
BRANCHES = "(|{})".format(
    "".join(
        f"(objectClass={name})"
        for name in (
            "organizationalUnit", "container", "organization", "locality", "country", "domain", "dcObject",
            "builtinDomain",
        )
    )
)  # fmt: skip
IDS_AT_ONCE = 100
CANNOT_TELL = (
    ldap.UNWILLING_TO_PERFORM, ldap.UNAVAILABLE_CRITICAL_EXTENSION, ldap.SIZELIMIT_EXCEEDED, ldap.ADMINLIMIT_EXCEEDED,
    ldap.TIMELIMIT_EXCEEDED, ldap.PROTOCOL_ERROR,
)  # fmt: skip
"""How a server says that it cannot tell what changed since: its log is too short, or it was set back."""
REFRESH_REQUIRED = 4096
"""e-syncRefreshRequired (RFC 4533 2.6), for which the package has no exception of its own."""


class FollowedLdapReader(LdapReader):
    """Everybody, or what changed. Where the server does not tell who is gone, all ids are counted, at most every
    `count_every`."""

    def __init__(self, server: Server, *, count_every: timedelta) -> None:
        super().__init__(server)
        self._count_every = count_every

    @property
    def source(self) -> str:
        server = self._server
        return repr((server.url, server.bind_dn, server.base, server.user_filter, server.profile))

    @contextlib.contextmanager
    def follow(self) -> Iterator[LdapFollower]:
        with connected(self._server) as link, whole_answers(self._server):
            yield LdapFollower(link, self._server, self._count_every)


class LdapFollower:
    """One connection to a server."""

    def __init__(self, link: Link, server: Server, count_every: timedelta) -> None:
        self._link, self._server, self._count_every = link, server, count_every
        self._root: Root = root_of(link)

    def position(self, *, now: datetime) -> Position:
        """Empty where the server has no history, or says none to this account."""
        for name, kind in KINDS.items():
            # A server that will not answer this is read as well as ever; it is only not followed.
            with contextlib.suppress(ldap.LDAPError):
                if found := kind.position(self._link, self._server, self._root, now=now):
                    return {"kind": name, **found, "branches": self._branches(), "counted_at": now.isoformat()}
        return {}

    def changes(self, since: Position, *, now: datetime) -> Changes:
        kind = KINDS.get(since["kind"])
        if kind is None:
            raise PositionLost("the portal has forgotten how to ask this directory what changed")
        with _refusals():
            changes: Changes | None = kind.changes(self._link, self._server, self._root, since, now=now)
        if changes is None:
            return self._counted(Changes(dict(since)), since, now)
        branches = self._branches()
        if branches != since["branches"]:
            raise PositionLost("a branch of the directory was added, renamed, moved or removed")
        changes.position = {**since, **changes.position}
        changes.seen = self._each_once(changes.seen)
        return self._counted(changes, since, now)

    def find(self, ids: Collection[str], dns: Collection[str] = ()) -> list[Sighting]:
        server, found = self._server, []
        for some_ids in portions(ids, IDS_AT_ONCE):
            some = "".join(by_id(server.profile, directory_id) for directory_id in some_ids)
            for page in pages(self._link, server, f"(&{server.user_filter}(|{some}))", server.profile.attributes):
                found += [sight(dn, raw, server.profile) for dn, raw in page]
        for dn in dns:
            found += self._at(dn)
        return found

    def shows_anybody(self) -> bool:
        """Asks for a page of ids and looks no further than the first."""
        return any(pages(self._link, self._server, self._server.user_filter, [self._server.profile.id]))

    def _each_once(self, seen: list[Sighting]) -> list[Sighting]:
        """An entry that was written while it was read may come twice. Ids that people make may be at several entries,
        of which some have not changed."""
        once = {sighting.directory_id: sighting for sighting in seen if sighting.directory_id}
        others = [sighting for sighting in seen if not sighting.directory_id]
        if self._server.profile.id.lower() in UNIQUE_IDS:
            return [*others, *once.values()]
        return [*others, *self.find(once)]

    def _at(self, dn: str) -> list[Sighting]:
        server = self._server
        try:
            found = self._link.search_ext_s(dn, ldap.SCOPE_BASE, server.user_filter, list(server.profile.attributes))
        except (ldap.NO_SUCH_OBJECT, ldap.INVALID_DN_SYNTAX):
            return []
        return [sight(found_dn, raw, server.profile) for found_dn, raw in found if found_dn]

    def _branches(self) -> str:
        """32 hexadecimal digits that change when a branch has another name or another place."""
        server = self._server
        name = server.profile.id
        found = [(dn, raw.get(name)) for page in pages(self._link, server, BRANCHES, [name]) for dn, raw in page]
        return blake2b(repr(sorted(found)).encode(), digest_size=16).hexdigest()

    def _counted(self, changes: Changes, since: Position, now: datetime) -> Changes:
        """With the ids of everybody, where nothing else tells who is gone and it is time."""
        last = datetime.fromisoformat(since["counted_at"])
        if changes.present is None and self._blind(since["kind"]) and not last <= now < last + self._count_every:
            server = self._server
            read, name = server.profile.read_id, server.profile.id
            found = pages(self._link, server, server.user_filter, [name])
            changes.present = {read(value) for page in found for _, raw in page for value in raw.get(name, ())[:1]}
            changes.position["counted_at"] = now.isoformat()
        return changes

    def _blind(self, kind: str) -> bool:
        """Whether people may leave unseen. Membership in a group changes no entry of its members."""
        if "memberof" in self._server.user_filter.lower() or kind == timestamps.KIND:
            return True
        return kind == usn.KIND and not usn.sees_deleted(self._link, self._server, self._root)


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except CANNOT_TELL as error:
        raise PositionLost(f"the directory cannot say what changed: {reason(error)}") from None
    except ldap.LDAPError as error:
        told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        if told.get("result") != REFRESH_REQUIRED:
            raise
        raise PositionLost("the directory has forgotten what changed since the last run") from None
