"""Everybody under a base, page by page (RFC 2696), as they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import ldap
from ldap.controls.libldap import SimplePagedResultsControl

from accounts.directory.entries import Sighting
from accounts.directory.readers import PartialResult
from accounts.directory.readers.ldap.errors import whole_answers
from accounts.directory.readers.ldap.link import Link, connected
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.records import Raw, sight

PATIENCE = 30.0
"""Seconds that an entry may take to arrive: a server may have to look at every one for the first."""


class LdapReader:
    """Everybody under the base that the filter finds, in batches of a page."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def batches(self) -> Iterator[list[Sighting]]:
        server, profile = self._server, self._server.profile
        with connected(server) as link, whole_answers(server):
            for page in pages(link, server, server.user_filter, profile.attributes):
                yield [sight(dn, raw, profile) for dn, raw in page]


def pages(
    link: Link, server: Server, filter_text: str, attributes: Sequence[str], *, base: str | None = None
) -> Iterator[Iterator[tuple[str, Raw]]]:
    """What a search below `base` (else the server's) finds: pages, each to be read to its end before the next is asked
    for, entries as they arrive. Raises ldap.LDAPError, or PartialResult where the server does not page properly."""
    page = SimplePagedResultsControl(True, size=server.page_size, cookie=b"")
    below = server.base if base is None else base
    while True:
        sent = link.search_ext(below, ldap.SCOPE_SUBTREE, filter_text, list(attributes), serverctrls=[page])
        yield _page(link, sent, page, server)
        if not page.cookie:
            return


def _page(link: Link, sent: int, page: SimplePagedResultsControl, server: Server) -> Iterator[tuple[str, Raw]]:
    """One page; leaves the cookie of the next one in `page`. References to other servers are passed over."""
    patience, receive = max(PATIENCE, server.timeout), link.result4
    entry, done = ldap.RES_SEARCH_ENTRY, ldap.RES_SEARCH_RESULT
    while True:
        # One message at a time: the server goes on while this one is looked at, and a page is never held twice.
        kind, found, _, controls, _, _ = receive(sent, 0, patience)
        if kind == entry:
            yield from found
        elif kind == done:
            break
    page.cookie = _cookie(controls, server)


def _cookie(controls: list[Any], server: Server) -> bytes:
    for control in controls:
        if control.controlType == SimplePagedResultsControl.controlType:
            cookie: bytes = control.cookie
            return cookie
    raise PartialResult(f"{server.shown} did not say whether there are more pages.")
