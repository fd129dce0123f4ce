"""Reads an LDAP server in pages over verified TLS. The only module of the portal that imports ldap."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ldap
from django_auth_ldap.config import LDAPSearch
from ldap.controls.libldap import SimplePagedResultsControl

from accounts.directory.entries import Sighting
from accounts.directory.readers import BindRefused, DirectoryUnavailable, PartialResult, TlsRefused
from accounts.directory.readers.profiles import OPENLDAP, Profile
from accounts.directory.readers.records import sight

LDAPError = ldap.LDAPError
REFUSALS = (
    ldap.INVALID_CREDENTIALS,
    ldap.INAPPROPRIATE_AUTH,
    ldap.INSUFFICIENT_ACCESS,
    ldap.UNWILLING_TO_PERFORM,
    ldap.CONSTRAINT_VIOLATION,
    ldap.NO_SUCH_OBJECT,
    ldap.INVALID_DN_SYNTAX,
)
"""How a directory says no to one person's password; every other error says that it could not answer."""

PATIENCE = 30.0
"""Seconds that a page may take to begin: a server may have to look at every entry for it."""

_REASONS = {
    ldap.SIZELIMIT_EXCEEDED: "it cut the answer short by its size limit; raise the limit for the service account",
    ldap.TIMELIMIT_EXCEEDED: "it cut the answer short by its time limit; raise the limit for the service account",
    ldap.ADMINLIMIT_EXCEEDED: "it cut the answer short by an administrative limit; raise it for the service account",
    ldap.REFERRAL: "it pointed to another server; name that one in LDAP_URL or correct LDAP_USER_BASE",
    ldap.PARTIAL_RESULTS: "it pointed to other servers for a part of the answer",
    ldap.BUSY: "it was busy",
    ldap.UNAVAILABLE: "it was shutting down or out of service",
    ldap.UNAVAILABLE_CRITICAL_EXTENSION: "it cannot answer in pages",
    ldap.NO_SUCH_OBJECT: "it does not know LDAP_USER_BASE, or does not let the service account see it",
    ldap.INSUFFICIENT_ACCESS: "it does not let the service account search",
    ldap.SERVER_DOWN: "the connection was lost",
    ldap.CONNECT_ERROR: "the connection was lost",
    ldap.TIMEOUT: "the answer stalled",
    ldap.FILTER_ERROR: "LDAP_USER_FILTER is no valid filter",
    ldap.INVALID_DN_SYNTAX: "LDAP_USER_BASE is no distinguished name",
}
_CLOSED = {**_REASONS, ldap.SERVER_DOWN: "it cannot be reached", ldap.CONNECT_ERROR: "it cannot be reached"}


@dataclass(frozen=True)
class Server:
    """A directory server and how to reach it. `ca_file` empty: the system's authorities. `timeout` in seconds."""

    url: str
    start_tls: bool
    ca_file: str
    bind_dn: str
    bind_password: str = field(repr=False)
    base: str
    user_filter: str
    timeout: int
    page_size: int
    profile: Profile = OPENLDAP

    @property
    def shown(self) -> str:
        """The address for messages."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"

    def require_protection(self) -> None:
        """Raise TlsRefused unless what is sent can be read by the directory alone."""
        scheme = urlsplit(self.url).scheme.lower()
        if scheme not in ("ldaps", "ldapi") and not (scheme == "ldap" and self.start_tls):
            raise TlsRefused("The directory is set up without TLS: use ldaps:// in LDAP_URL, or LDAP_START_TLS=true.")

    def accepts_connections(self) -> bool:
        """True when the port of an ldaps server is open. libldap does not tell a refused certificate from a server that
        is down; an open port does."""
        parts = urlsplit(self.url)
        if parts.scheme.lower() != "ldaps":
            return False
        try:
            socket.create_connection((parts.hostname or "", parts.port or 636), timeout=self.timeout).close()
        except OSError:
            return False
        return True

    @property
    def upgrades(self) -> bool:
        """True when TLS begins after the connection was made."""
        return self.url.lower().startswith("ldap:")

    def options(self) -> dict[int, Any]:
        """Connection options of libldap, in the order in which they must be set."""
        options: dict[int, Any] = {
            ldap.OPT_PROTOCOL_VERSION: ldap.VERSION3,
            ldap.OPT_REFERRALS: ldap.OPT_OFF,
            ldap.OPT_NETWORK_TIMEOUT: float(self.timeout),
            ldap.OPT_TIMEOUT: float(self.timeout),
            ldap.OPT_X_TLS_REQUIRE_CERT: ldap.OPT_X_TLS_DEMAND,
            ldap.OPT_X_TLS_PROTOCOL_MIN: ldap.OPT_X_TLS_PROTOCOL_TLS1_2,
        }
        if self.ca_file:
            options[ldap.OPT_X_TLS_CACERTFILE] = self.ca_file
        # Makes the ones above count; without it the process-wide defaults stay in force.
        options[ldap.OPT_X_TLS_NEWCTX] = 0
        return options

    def find_person(self) -> LDAPSearch:
        """The search by which django-auth-ldap finds the entry of a user name, which it escapes."""
        everybody = self.user_filter.replace("%", "%%")
        wanted = f"(&{everybody}({self.profile.username}=%(user)s))"
        return LDAPSearch(self.base, ldap.SCOPE_SUBTREE, wanted, list(self.profile.attributes))


def is_filter(text: str) -> bool:
    """True when libldap can read the text as a search filter; asks no server."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    link = ldap.initialize("ldapi://%2Fnowhere")
    try:
        link.search_ext("", ldap.SCOPE_BASE, text)
    except ldap.FILTER_ERROR:
        return False
    except ldap.LDAPError:
        return True
    return True


class LdapReader:
    """Everybody under the base that the filter finds, page by page."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def batches(self) -> Iterator[list[Sighting]]:
        with self._connected() as link:
            try:
                yield from self._pages(link)
            except ldap.LDAPError as error:
                raise PartialResult(f"{self._server.shown} did not give the whole answer: {_reason(error)}.") from None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        server = self._server
        server.require_protection()
        _require_file(server.ca_file)
        link = ldap.initialize(server.url)
        try:
            for option, value in server.options().items():
                link.set_option(option, value)
            self._open(link)
            yield link
        finally:
            with contextlib.suppress(ldap.LDAPError):
                link.unbind_s()

    def _open(self, link: Any) -> None:
        server = self._server
        if server.bind_dn and not server.bind_password:
            raise BindRefused("LDAP_BIND_PASSWORD is empty: a bind without a password is an anonymous one.")
        try:
            if server.upgrades:
                self._start_tls(link)
            link.simple_bind_s(server.bind_dn, server.bind_password)
        except (ldap.INVALID_CREDENTIALS, ldap.INVALID_DN_SYNTAX, ldap.INAPPROPRIATE_AUTH):
            raise BindRefused(
                f"{server.shown} refused the service account: check LDAP_BIND_DN and LDAP_BIND_PASSWORD."
            ) from None
        except ldap.LDAPError as error:
            if isinstance(error, ldap.SERVER_DOWN) and server.accepts_connections():
                raise TlsRefused(self._distrust()) from None
            raise DirectoryUnavailable(f"{server.shown} did not answer: {_reason(error, _CLOSED)}.") from None

    def _start_tls(self, link: Any) -> None:
        try:
            link.start_tls_s()
        except (ldap.SERVER_DOWN, ldap.TIMEOUT, ldap.BUSY, ldap.UNAVAILABLE):
            raise
        except ldap.LDAPError:
            raise TlsRefused(self._distrust()) from None

    def _distrust(self) -> str:
        return (
            f"{self._server.shown} did not prove who it is: TLS is missing there, or its certificate is not for this "
            "host name, has expired, or is not signed by the authority in LDAP_CA_FILE."
        )

    def _pages(self, link: Any) -> Iterator[list[Sighting]]:
        server, page = self._server, SimplePagedResultsControl(True, size=self._server.page_size, cookie=b"")
        while True:
            sent = link.search_ext(
                server.base, ldap.SCOPE_SUBTREE, server.user_filter, list(server.profile.attributes), serverctrls=[page]
            )
            yield from self._page(link, sent, page)
            if not page.cookie:
                return

    def _page(self, link: Any, sent: int, page: SimplePagedResultsControl) -> Iterator[list[Sighting]]:
        """One page, entry by entry as they arrive; leaves the cookie of the next one in `page`."""
        batch: list[Sighting] = []
        patience, profile = max(PATIENCE, self._server.timeout), self._server.profile
        while True:
            kind, found, _, controls = link.result3(sent, all=0, timeout=patience)
            if kind == ldap.RES_SEARCH_ENTRY:
                batch.extend(sight(dn, raw, profile) for dn, raw in found)
            elif kind == ldap.RES_SEARCH_RESULT:
                break
        page.cookie = self._cookie(controls)
        yield batch

    def _cookie(self, controls: list[Any]) -> bytes:
        for control in controls:
            if control.controlType == SimplePagedResultsControl.controlType:
                cookie: bytes = control.cookie
                return cookie
        raise PartialResult(f"{self._server.shown} did not say whether there are more pages.")


def _require_file(ca_file: str) -> None:
    if not ca_file:
        return
    try:
        Path(ca_file).read_bytes()
    except OSError:
        raise TlsRefused("The file that LDAP_CA_FILE names cannot be read.") from None


def _reason(error: ldap.LDAPError, reasons: dict[type[Exception], str] = _REASONS) -> str:
    """In plain words, and never the server's own remark: it may repeat what was sent."""
    for kind, words in reasons.items():
        if isinstance(error, kind):
            return words
    return f"LDAP error {type(error).__name__.lower().replace('_', ' ')}"
