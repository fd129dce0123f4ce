"""What changed at one domain controller of Active Directory, by its own counter of writes (MS-ADTS 3.1.1.1.9).

The counter belongs to one database of one controller: another one, or one that was restored, counts anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import ldap
from ldap.controls import RequestControl

from accounts.directory.readers import Changes, Position, PositionLost
from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.ldap.pages import pages
from accounts.directory.readers.ldap.root import Root
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.records import sight

KIND = "usn"
SHOW_DELETED = "1.2.840.113556.1.4.417"


def position(link: Link, server: Server, root: Root, *, now: datetime) -> Position | None:
    """The controller and its counter; None for a server that is none, or people who are known by another id."""
    if root.usn is None or server.profile.id.lower() != "objectguid":
        return None
    return {"server": _controller(link, root), "usn": root.usn}


def changes(link: Link, server: Server, root: Root, since: Position, *, now: datetime) -> Changes | None:
    """Everybody who was written since; None when nothing was. Whoever was written and is not found any more, deleted
    or moved away, is gone."""
    here = position(link, server, root, now=now)
    if here is None or here["server"] != since["server"]:
        raise PositionLost("another domain controller answered than last time")
    if here["usn"] < since["usn"]:
        raise PositionLost("the domain controller was set back to an earlier state")
    if here["usn"] == since["usn"]:
        return None
    written = f"(uSNChanged>={since['usn'] + 1})"
    found = pages(link, server, f"(&{server.user_filter}{written})", server.profile.attributes)
    sighted = (sight(dn, raw, server.profile) for page in found for dn, raw in page)
    seen = {sighting.directory_id: sighting for sighting in sighted}
    gone = set(_touched(link, server, root, written)) - seen.keys()
    return Changes(here, list(seen.values()), gone)


def sees_deleted(link: Link, server: Server, root: Root) -> bool:
    """Whether the service account sees anything that was deleted: an ordinary one may read the container of such
    things, and yet nothing in it."""
    container = f"CN=Deleted Objects,{root.context_of(server.base)}"
    shown = [RequestControl(SHOW_DELETED, True)]
    try:
        found = link.search_ext_s(
            container, ldap.SCOPE_ONELEVEL, "(isDeleted=TRUE)", ["1.1"], serverctrls=shown, sizelimit=1
        )
    except ldap.SIZELIMIT_EXCEEDED:
        return True
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS, ldap.OPERATIONS_ERROR):
        return False
    return any(dn for dn, _ in found)


def _touched(link: Link, server: Server, root: Root, written: str) -> Iterator[str]:
    """The ids of everything in the domain that was written, deleted or not."""
    read, name = server.profile.read_id, server.profile.id
    shown = [RequestControl(SHOW_DELETED, True)]
    for page in pages(link, server, written, [name], base=root.context_of(server.base), controls=shown):
        for _, raw in page:
            yield from (read(value) for value in raw.get(name, ()))


def _controller(link: Link, root: Root) -> str:
    """Its name, with the id of its database where that may be read."""
    try:
        found = link.search_ext_s(root.service, ldap.SCOPE_BASE, "(objectClass=*)", ["invocationId"])
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS, ldap.REFERRAL):
        return root.service
    ids = [value.hex() for dn, raw in found if dn for value in raw.get("invocationId", ())]
    return "|".join([root.service, *ids])
