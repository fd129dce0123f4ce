"""Everybody under a base, page by page (RFC 2696)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
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
    link: Link,
    server: Server,
    filter_text: str,
    attributes: Sequence[str],
    *,
    base: str | None = None,
    controls: Sequence[Any] = (),
) -> Iterator[list[tuple[str, Raw]]]:
    """What a search below `base` (else the server's) finds, page by page, the next one on its way while this one is
    looked at. Raises ldap.LDAPError, or PartialResult where the server does not page properly."""
    page = SimplePagedResultsControl(True, size=server.page_size, cookie=b"")
    search = partial(
        link.search_ext, server.base if base is None else base, ldap.SCOPE_SUBTREE, filter_text, list(attributes),
        serverctrls=[page, *controls],
    )  # fmt: skip
    sent: int | None = search()
    while sent is not None:
        found, page.cookie = _page(link, sent, server)
        sent = search() if page.cookie else None
        yield found


def _page(link: Link, sent: int, server: Server) -> tuple[list[tuple[str, Raw]], bytes]:
    """One page and the cookie of the next. References to other servers are passed over."""
    patience, receive = max(PATIENCE, server.timeout), link.result4
    entry, done = ldap.RES_SEARCH_ENTRY, ldap.RES_SEARCH_RESULT
    found: list[tuple[str, Raw]] = []
    while True:
        # One message at a time: libldap is slower, and holds the page twice, when it has to collect the messages.
        kind, some, _, controls, _, _ = receive(sent, 0, patience)
        if kind == entry:
            found += some
        elif kind == done:
            return found, _cookie(controls, server)


def _cookie(controls: list[Any], server: Server) -> bytes:
    for control in controls:
        if control.controlType == SimplePagedResultsControl.controlType:
            cookie: bytes = control.cookie
            return cookie
    raise PartialResult(f"{server.shown} did not say whether there are more pages.")
