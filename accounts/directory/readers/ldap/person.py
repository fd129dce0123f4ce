"""How one person's entry is found: by the user name that somebody typed, or by its id."""

from __future__ import annotations

from uuid import UUID

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory.readers import DirectoryUnavailable
from accounts.directory.readers.ldap.errors import reason
from accounts.directory.readers.ldap.link import Link, connected
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.profiles import Profile
from accounts.directory.readers.records import Raw

SUBTREE: int = ldap.SCOPE_SUBTREE


def find(link: Link, server: Server, username: str) -> list[tuple[str, Raw]]:
    """Every entry of exactly this user name, whatever characters it has, with its DN as the server writes it. Raises
    ldap.LDAPError."""
    wanted = f"(&{server.user_filter}({server.profile.username}={escape_filter_chars(username)}))"
    found = link.search_ext_s(server.base, SUBTREE, wanted, list(server.profile.attributes))
    return [(dn, raw) for dn, raw in found if dn is not None]


def look_up(server: Server, directory_id: str) -> list[tuple[str, Raw]]:
    """The entry of this id over a connection of its own; none where there is none. Raises DirectoryError."""
    with connected(server) as link:
        try:
            found = link.search_ext_s(
                server.base, SUBTREE, by_id(server.profile, directory_id), list(server.profile.attributes)
            )
        except ldap.LDAPError as error:
            raise DirectoryUnavailable(reason(error)) from None
    return [(dn, raw) for dn, raw in found if dn is not None]


def by_id(profile: Profile, directory_id: str) -> str:
    """The filter that finds the entry with this id, as the portal keeps it; nobody by an id that none here can have,
    such as one of the directory that was set up before this one."""
    if profile.has_binary_id:
        value = "".join(f"\\{byte:02x}" for byte in _guid(directory_id).bytes_le)
    else:
        value = escape_filter_chars(directory_id)
    return f"({profile.id}={value})"


def _guid(directory_id: str) -> UUID:
    try:
        return UUID(directory_id)
    except ValueError:
        return UUID(int=0)
