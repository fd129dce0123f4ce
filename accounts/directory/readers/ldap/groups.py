"""Who the members of given groups are: `member` and `uniqueMember` (DNs), `memberUid` (user names).

Groups within groups are not followed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import ldap
import ldap.dn

from accounts import names
from accounts.directory.readers.ldap.errors import whole_answers
from accounts.directory.readers.ldap.link import Link, connected
from accounts.directory.readers.ldap.ranges import rest_of
from accounts.directory.readers.ldap.server import Server

BY_DN, BY_NAME = ("member", "uniqueMember"), "memberUid"
_ODD = re.compile(r'[\\"+;<>#\x80-\U0010ffff]|\s[,=]|[,=]\s|\s\s')


class Members(NamedTuple):
    """DNs as `comparable` writes them, and user names."""

    dns: frozenset[str]
    usernames: frozenset[str]


def members_of(server: Server, groups: Iterable[str]) -> dict[str, Members | None]:
    """The members of each group, None where the directory shows no such group. Raises DirectoryError when the directory
    cannot be asked, or does not give a whole answer."""
    with connected(server) as link, whole_answers(server):
        return {dn: _members(link, dn) for dn in groups}


def _members(link: Link, dn: str) -> Members | None:
    wanted = [*BY_DN, BY_NAME]
    try:
        found = link.search_ext_s(dn, ldap.SCOPE_BASE, "(objectClass=*)", wanted)
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS):
        return None
    raw = next((values for named, values in found if named is not None), None)
    if raw is None:
        return None
    dns = [value.decode("utf-8", "replace") for name in BY_DN for value in rest_of(link, dn, name, raw)]
    by_name = [value.decode("utf-8", "replace") for value in rest_of(link, dn, BY_NAME, raw)]
    return Members(
        frozenset(map(comparable, dns)),
        frozenset(names.normalise(name) for name in by_name if not names.has_hidden(name)),
    )


def comparable(dn: str) -> str:
    """The same text for every way of writing one DN: case, spaces and escapes do not matter (RFC 4514, 4518)."""
    if not _ODD.search(dn) and dn.count("=") == dn.count(",") + 1:
        return dn.casefold()
    try:
        parts = ldap.dn.str2dn(dn)
    except ldap.LDAPError:
        return dn.casefold()
    return ",".join("+".join(sorted(_part(name, value) for name, value, _ in part)) for part in parts)


def _part(name: str, value: str) -> str:
    plain = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    return f"{name.lower()}={ldap.dn.escape_dn_chars(plain)}"
