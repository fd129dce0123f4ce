"""Writes one number into one entry, as long as the entry says what it is expected to say, and changes nothing else.

The exact old value is deleted and the new one added in one modification, which every server makes whole or not at all
(RFC 4511 4.6): a value that was changed meanwhile is not there to be deleted. Where there is no old value, the server
is asked to make sure of that (RFC 4528) if it can.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import ldap
from ldap.controls.libldap import AssertionControl

from accounts.directory import numbers
from accounts.directory.entries import Entry, Flaw, Unreadable
from accounts.directory.readers import DirectoryUnavailable
from accounts.directory.readers.ldap.errors import reason
from accounts.directory.readers.ldap.link import Link, connected
from accounts.directory.readers.ldap.person import by_id
from accounts.directory.readers.ldap.root import root_of
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.profiles import Profile
from accounts.directory.readers.records import Raw, read
from accounts.phones import Rules

ROUNDS = 3
"""So often the entry is read anew where it changed between reading and writing."""
CHANGED = "The directory was changed meanwhile; the next run decides."
GONE = "The directory has no entry of this person any more, or hides it from the account that writes."

_FINAL = {
    ldap.INSUFFICIENT_ACCESS: "the account that writes has no right to change {attribute}",
    ldap.NO_SUCH_OBJECT: "the account that writes does not see the entry",
    ldap.CONSTRAINT_VIOLATION: "a rule of the directory forbids this value of {attribute}",
    ldap.TYPE_OR_VALUE_EXISTS: "{attribute} has this value already, written in another way",
    ldap.OBJECT_CLASS_VIOLATION: "entries of this kind have no {attribute}",
    ldap.UNDEFINED_TYPE: "it knows no {attribute}",
    ldap.INVALID_SYNTAX: "it does not take the number as a value of {attribute}",
    ldap.NAMING_VIOLATION: "{attribute} is part of the entry's name",
    ldap.NOT_ALLOWED_ON_RDN: "{attribute} is part of the entry's name",
    ldap.REFERRAL: "this server is a copy that cannot be written to",
}


class WriteRefused(Exception):
    """Trying again would end in the same way. The text is one plain sentence for an admin."""


def write_number(server: Server, directory_id: str, number: str, *, expected: Collection[str], rules: Rules) -> bool:
    """Make `number` (E.164) the entry's number. True when it was written, False when it was there already.

    `expected` holds what the entry may say until now, by the rules for numbers ("" for nothing usable). Raises
    WriteRefused where it says something else or the server says no for good, and DirectoryError where a later try may
    succeed; also then the number may have been written.
    """
    with connected(server) as link:
        try:
            for _ in range(ROUNDS):
                dn, raw = _find(link, server, directory_id)
                changes = _changes(_entry(dn, raw, server.profile), raw, number, expected, server.profile, rules)
                if not changes:
                    return False
                if _modified(link, dn, raw, changes, server.profile):
                    return True
        except ldap.LDAPError as error:
            raise _judged(error, server) from None
    raise WriteRefused(CHANGED)


def _find(link: Link, server: Server, directory_id: str) -> tuple[str, Raw]:
    profile = server.profile
    found = link.search_ext_s(server.base, ldap.SCOPE_SUBTREE, by_id(profile, directory_id), list(profile.attributes))
    entries = [(dn, raw) for dn, raw in found if dn is not None]
    if len(entries) != 1:
        raise WriteRefused(GONE)
    return entries[0]


def _entry(dn: str, raw: Raw, profile: Profile) -> Entry:
    record = read(dn, raw, profile)
    if isinstance(record, Unreadable):
        raise WriteRefused(f"The entry cannot be used. {Flaw(record.problem.reason).words}")
    return record


def _changes(
    entry: Entry, raw: Raw, number: str, expected: Collection[str], profile: Profile, rules: Rules
) -> list[tuple[int, str, list[bytes]]]:
    """What to modify, nothing where the number is there. Raises WriteRefused where the entry is not as expected."""
    if numbers.choose(entry, rules, before=number).e164 == number:
        return []
    present = [one for one in expected if numbers.choose(entry, rules, before=one).e164 == one]
    if not present:
        raise WriteRefused(CHANGED)
    values = _values(raw, profile)
    old = [(name, value) for name, value in values if present[0] and _means(value, entry, rules) == present[0]]
    name = old[0][0] if old else profile.phones[0]
    return [(ldap.MOD_DELETE, name, [value]) for name, value in old] + [(ldap.MOD_ADD, name, [number.encode()])]


def _values(raw: Raw, profile: Profile) -> list[tuple[str, bytes]]:
    """Every value of the attribute that is written, with the name it stands under (it may have options)."""
    wanted = profile.phones[0].lower()
    named = [name for name in raw if name.partition(";")[0].lower() == wanted]
    return [(name, value) for name in named for value in raw[name]]


def _means(value: bytes, entry: Entry, rules: Rules) -> str:
    alone = replace(entry, phones=(("", value.decode("utf-8", "replace")),))
    return numbers.choose(alone, rules, before="").e164


def _modified(link: Link, dn: str, raw: Raw, changes: list[tuple[int, str, list[bytes]]], profile: Profile) -> bool:
    """False where the entry is no longer as it was read."""
    controls = []
    if not _values(raw, profile) and _asserts(link):
        controls.append(AssertionControl(True, f"(!({profile.phones[0]}=*))"))
    try:
        link.modify_ext_s(dn, changes, serverctrls=controls)
    except (ldap.NO_SUCH_ATTRIBUTE, ldap.ASSERTION_FAILED):
        return False
    return True


def _asserts(link: Link) -> bool:
    """Whether the server says that it knows the assertion control."""
    return ldap.CONTROL_ASSERT in root_of(link).controls


def _judged(error: ldap.LDAPError, server: Server) -> Exception:
    for kind, words in _FINAL.items():
        if isinstance(error, kind):
            return WriteRefused(f"The directory said no: {words.format(attribute=server.profile.phones[0])}.")
    return DirectoryUnavailable(f"{server.shown} did not take the number: {reason(error)}.")
