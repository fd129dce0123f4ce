"""Opens a connection: TLS that proves who the server is, then the service account's password, in this order."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ldap
from ldap.controls import DecodeControlTuples
from ldap.ldapobject import SimpleLDAPObject

from accounts.directory.readers import BindRefused, DirectoryUnavailable, TlsRefused
from accounts.directory.readers.ldap.errors import CLOSED, reason, why_refused
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.records import Raw

log = logging.getLogger(__name__)


class Link(SimpleLDAPObject):  # type: ignore[misc]  # the package has no type hints
    """A connection of python-ldap that writes to the log why a bind was refused, and receives many entries quickly."""

    def simple_bind_s(self, who: str = "", cred: str = "", *arguments: Any, **options: Any) -> Any:
        try:
            return super().simple_bind_s(who, cred, *arguments, **options)
        except ldap.INVALID_CREDENTIALS as error:
            log.info("the directory refused the bind as %s: %s", ascii(who), why_refused(error))
            raise

    def whole_result(self, sent: int, patience: float) -> tuple[list[tuple[str, Raw]], list[Any]]:
        """The entries that a search finds, and the controls of its end. Each message may take `patience` seconds."""
        found, controls = self._ldap_call(self._receive, sent, patience)
        return found, DecodeControlTuples(controls)

    def _receive(self, sent: int, patience: float) -> tuple[list[tuple[str, Raw]], list[Any]]:
        # One message at a time: libldap is slower, and holds the page twice, when it has to collect the messages. And
        # without the package's own `result4` around each, which costs as much as a fifth of the receiving.
        receive, entry, done = self._l.result4, ldap.RES_SEARCH_ENTRY, ldap.RES_SEARCH_RESULT
        found: list[tuple[str, Raw]] = []
        while True:
            kind, some, _, controls, *_ = receive(sent, 0, patience)
            if kind == entry:
                found += some
            elif kind == done:
                return found, controls


def initialize(url: str, **options: Any) -> Link:
    """As ldap.initialize; django-auth-ldap makes its connections by this name."""
    return Link(url, **options)


@contextlib.contextmanager
def connected(server: Server) -> Iterator[Link]:
    """A connection that is bound as the service account, closed in the end.

    Raises TlsRefused, BindRefused or DirectoryUnavailable while it opens, nothing secret sent before the server has
    proved who it is. Errors of what is done inside are ldap.LDAPError: see errors.whole_answers and errors.reason.
    """
    server.require_protection()
    _require_file(server.ca_file)
    if server.bind_dn and not server.bind_password:
        raise BindRefused("LDAP_BIND_PASSWORD is empty: a bind without a password is an anonymous one.")
    link = initialize(server.url)
    try:
        for option, value in server.options().items():
            link.set_option(option, value)
        _open(link, server)
        yield link
    finally:
        with contextlib.suppress(ldap.LDAPError):
            link.unbind_s()


def _open(link: Link, server: Server) -> None:
    try:
        if server.upgrades:
            _start_tls(link, server)
        link.simple_bind_s(server.bind_dn, server.bind_password)
    except (ldap.INVALID_CREDENTIALS, ldap.INVALID_DN_SYNTAX, ldap.INAPPROPRIATE_AUTH):
        raise BindRefused(
            f"{server.shown} refused the service account: check LDAP_BIND_DN and LDAP_BIND_PASSWORD."
        ) from None
    except ldap.LDAPError as error:
        if isinstance(error, ldap.SERVER_DOWN) and server.accepts_connections():
            raise TlsRefused(_distrust(server)) from None
        raise DirectoryUnavailable(f"{server.shown} did not answer: {reason(error, CLOSED)}.") from None


def _start_tls(link: Link, server: Server) -> None:
    try:
        link.start_tls_s()
    except (ldap.SERVER_DOWN, ldap.TIMEOUT, ldap.BUSY, ldap.UNAVAILABLE):
        raise
    except ldap.LDAPError:
        raise TlsRefused(_distrust(server)) from None


def _distrust(server: Server) -> str:
    return (
        f"{server.shown} did not prove who it is: TLS is missing there, or its certificate is not for this host name, "
        "has expired, or is not signed by the authority in LDAP_CA_FILE."
    )


def _require_file(ca_file: str) -> None:
    if not ca_file:
        return
    try:
        Path(ca_file).read_bytes()
    except OSError:
        raise TlsRefused("The file that LDAP_CA_FILE names cannot be read.") from None
