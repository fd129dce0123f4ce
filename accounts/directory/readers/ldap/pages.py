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
    looked at. References to other servers are passed over. Raises ldap.LDAPError, or PartialResult where the server
    does not page properly."""
    page = SimplePagedResultsControl(True, size=server.page_size, cookie=b"")
    search = partial(
        link.search_ext, server.base if base is None else base, ldap.SCOPE_SUBTREE, filter_text, list(attributes),
        serverctrls=[page, *controls],
    )  # fmt: skip
    sent: int | None = search()
    while sent is not None:
        found, answered = link.whole_result(sent, max(PATIENCE, server.timeout))
        page.cookie = _cookie(answered, server)
        sent = search() if page.cookie else None
        yield found


def _cookie(controls: list[Any], server: Server) -> bytes:
    for control in controls:
        if control.controlType == SimplePagedResultsControl.controlType:
            cookie: bytes = control.cookie
            return cookie
    raise PartialResult(f"{server.shown} did not say whether there are more pages.")
