"""A directory server: where it is, how it is to be trusted, what is asked of it. Opens nothing itself."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import ldap
import ldap.dn

from accounts.directory.readers import TlsRefused
from accounts.directory.readers.profiles import OPENLDAP, Profile


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

    @property
    def upgrades(self) -> bool:
        """True when TLS begins after the connection was made."""
        return self.url.lower().startswith("ldap:")

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

    def options(self) -> dict[int, Any]:
        """Connection options of libldap, in the order in which they must be set."""
        options: dict[int, Any] = {
            ldap.OPT_PROTOCOL_VERSION: ldap.VERSION3,
            # Another server that is named in an answer would get the service account's password.
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


def is_dn(text: str) -> bool:
    """True when the text is a distinguished name (RFC 4514)."""
    return bool(text) and bool(ldap.dn.is_dn(text))
