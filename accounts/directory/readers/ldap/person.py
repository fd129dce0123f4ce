"""Finds one person's entry by the user name that somebody typed."""

from __future__ import annotations

import ldap
from ldap.filter import escape_filter_chars

from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.records import Raw

SUBTREE: int = ldap.SCOPE_SUBTREE


def find(link: Link, server: Server, username: str) -> list[tuple[str, Raw]]:
    """Every entry of exactly this user name, whatever characters it has, with its DN as the server writes it. Raises
    ldap.LDAPError."""
    wanted = f"(&{server.user_filter}({server.profile.username}={escape_filter_chars(username)}))"
    found = link.search_ext_s(server.base, SUBTREE, wanted, list(server.profile.attributes))
    return [(dn, raw) for dn, raw in found if dn is not None]
