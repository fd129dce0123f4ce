"""What a server says about itself in its root entry (RFC 4512 5.1)."""

from __future__ import annotations

from typing import NamedTuple

import ldap
import ldap.dn

from accounts.directory.readers.ldap.link import Link

ATTRIBUTES = ("namingContexts", "supportedControl", "highestCommittedUSN", "dsServiceName")


class Root(NamedTuple):
    """`contexts` are the suffixes it holds. The last two are Active Directory's: the counter of writes, None elsewhere,
    and the name of the controller that answered."""

    contexts: tuple[str, ...]
    controls: frozenset[str]
    usn: int | None
    service: str

    def context_of(self, dn: str) -> str:
        """The suffix that the DN belongs to; empty when it is not among them."""
        parts = _parts(dn)
        holding = [suffix for suffix in self.contexts if parts[len(parts) - len(_parts(suffix)) :] == _parts(suffix)]
        return max(holding, key=lambda suffix: len(_parts(suffix)), default="")


def root_of(link: Link) -> Root:
    """Ask for it; everything is empty where the server hides it. Raises ldap.LDAPError."""
    try:
        found = link.search_ext_s("", ldap.SCOPE_BASE, "(objectClass=*)", list(ATTRIBUTES))
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS):
        found = []
    shown = found[0][1] if found else {}
    raw = {name: [value.decode("utf-8", "replace") for value in values] for name, values in shown.items()}
    usn = raw.get("highestCommittedUSN", [""])[0]
    return Root(
        contexts=tuple(suffix for suffix in raw.get("namingContexts", ()) if suffix),
        controls=frozenset(raw.get("supportedControl", ())),
        usn=int(usn) if usn.isdecimal() else None,
        service=raw.get("dsServiceName", [""])[0],
    )


def _parts(dn: str) -> list[list[tuple[str, str, int]]]:
    if not ldap.dn.is_dn(dn):
        return []
    return [[(name.lower(), value.lower(), 0) for name, value, _ in part] for part in ldap.dn.str2dn(dn)]
