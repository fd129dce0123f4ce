"""What a server's result codes mean, in words for an admin. Never its own remarks: they may repeat what was sent."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import ldap

from accounts.directory.readers import PartialResult

if TYPE_CHECKING:
    from accounts.directory.readers.ldap.server import Server

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
    ldap.STRONG_AUTH_REQUIRED: "it wants TLS before it listens to a password",
    ldap.SERVER_DOWN: "the connection was lost",
    ldap.CONNECT_ERROR: "the connection was lost",
    ldap.TIMEOUT: "the answer stalled",
    ldap.FILTER_ERROR: "LDAP_USER_FILTER is no valid filter",
    ldap.INVALID_DN_SYNTAX: "LDAP_USER_BASE is no distinguished name",
}
CLOSED = {**_REASONS, ldap.SERVER_DOWN: "it cannot be reached", ldap.CONNECT_ERROR: "it cannot be reached"}
"""The words while a connection is being made."""

# Active Directory answers every bind it refuses with code 49 and says why in the remark: "... error, data 533, v1db1".
_DATA = re.compile(r"\bdata ([0-9a-f]{1,8})\b", re.IGNORECASE)
_BINDS = {
    0x525: "there is no such account",
    0x52E: "the password is wrong",
    0x52F: "the account is restricted",
    0x530: "the account may not sign in at this hour",
    0x531: "the account may not sign in from here",
    0x532: "the password has expired",
    0x533: "the account is disabled",
    0x701: "the account has expired",
    0x773: "the password must be changed first",
    0x775: "the account is locked out",
}


def reason(error: ldap.LDAPError, reasons: Mapping[type[Exception], str] = _REASONS) -> str:
    """One clause about what went wrong, such as "it was busy"."""
    for kind, words in reasons.items():
        if isinstance(error, kind):
            return words
    return f"LDAP error {type(error).__name__.lower().replace('_', ' ')}"


def why_refused(error: ldap.LDAPError) -> str:
    """One clause about a refused password, as exact as the server lets know. For the log: outside it would tell a
    guesser which accounts there are."""
    told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    found = _DATA.search(str(told.get("info", "")))
    return _BINDS.get(int(found[1], 16) if found else 0, "name or password is not right")


@contextlib.contextmanager
def whole_answers(server: Server) -> Iterator[None]:
    """What is read inside counts only if the server gave all of it: any error is a PartialResult."""
    try:
        yield
    except ldap.LDAPError as error:
        raise PartialResult(f"{server.shown} did not give the whole answer: {reason(error)}.") from None
