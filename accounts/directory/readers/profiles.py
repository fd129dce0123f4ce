"""What the attributes of each kind of directory are called, and how their values are to be understood. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

DISABLED = 0x2
"""ADS_UF_ACCOUNTDISABLE of userAccountControl. A lockout after wrong passwords is not that: it passes by itself."""

_BINARY_IDS = frozenset({"objectguid", "ms-ds-consistencyguid"})
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}|[0-9]{1,10}(\.[0-9]{1,10}){1,30}")
_CONDITION = re.compile(r"(?P<name>[^=&]+)(?:=(?P<value>.+)|&(?P<bit>[1-9][0-9]{0,9}))")
_WHOLE = re.compile(rb"-?[0-9]{1,11}")


@dataclass(frozen=True)
class Profile:
    """Which attributes of a kind of directory mean what; where there are several, the first that has a value counts.

    `locked` pairs an attribute with the value (lower case) by which an entry says that its owner may not sign in;
    `locked_bits` pairs one with the bit of its number that says so. `everybody` is the filter that finds people, and
    `person` and `no_person` are object classes (lower case) that say the same of an entry in a file.
    """

    id: str = "entryUUID"
    username: str = "uid"
    name: tuple[str, ...] = ("displayName", "cn")
    mail: str = "mail"
    phones: tuple[str, ...] = ("mobile", "telephoneNumber")
    region: tuple[str, ...] = ("c", "co")
    locked: tuple[tuple[str, str], ...] = (("pwdAccountLockedTime", "000001010000z"), ("nsAccountLock", "true"))
    locked_bits: tuple[tuple[str, int], ...] = ()
    everybody: str = "(objectClass=inetOrgPerson)"
    person: str = "inetorgperson"
    no_person: str = ""

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Everything to ask the directory for, the id first."""
        locks = [attribute for attribute, _ in (*self.locked, *self.locked_bits)]
        named = (self.id, self.username, *self.name, self.mail, *self.phones, *self.region, *locks)
        return tuple(dict.fromkeys(named))

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """The same in lower case: two records whose values are the same are the same."""
        return tuple(attribute.lower() for attribute in self.attributes)

    @property
    def has_binary_id(self) -> bool:
        """Whether the id is a GUID as Microsoft writes it, and no text."""
        return self.id.lower() in _BINARY_IDS

    @cached_property
    def read_id(self) -> Callable[[bytes], str]:
        """From the value of the id's attribute to the id in lower case; "" for what can be none."""
        return _guid if self.has_binary_id else _text_id

    def with_names(self, **given: Any) -> Profile:
        """This profile where nothing is given; `disabled_when` are texts as `locks` reads them."""
        conditions = given.pop("disabled_when", ())
        named: dict[str, Any] = {
            field: tuple(value) if isinstance(value, list) else value for field, value in given.items() if value
        }
        if conditions:
            named["locked"], named["locked_bits"] = locks(conditions)
        return replace(self, **named)

    def lets_in(self, values: Mapping[str, Sequence[bytes]]) -> bool | None:
        """Whether the owner of an entry may sign in; None when it does not say. Names of attributes are lower case."""
        for attribute, mark in self._marks:
            if mark in [value.lower() for value in values.get(attribute, ())]:
                return False
        says = True
        for attribute, bit in self._bits:
            state = _number(values.get(attribute, ()))
            if state is None:
                says = False
            elif state & bit:
                return False
        return says or None

    @cached_property
    def _marks(self) -> list[tuple[str, bytes]]:
        return [(attribute.lower(), mark.encode()) for attribute, mark in self.locked]

    @cached_property
    def _bits(self) -> list[tuple[str, int]]:
        return [(attribute.lower(), bit) for attribute, bit in self.locked_bits]


OPENLDAP = Profile()
"""Asks for nsAccountLock as well: a 389-ds that is read as an OpenLDAP must not let locked people in."""

DIRECTORY_389 = Profile(id="nsUniqueId", locked=(("nsAccountLock", "true"),))

ACTIVE_DIRECTORY = Profile(
    id="objectGUID",
    username="sAMAccountName",
    region=("c", "co", "countryCode"),
    locked=(),
    locked_bits=(("userAccountControl", DISABLED),),
    everybody="(&(objectCategory=person)(objectClass=user)(!(objectClass=computer)))",
    person="user",
    no_person="computer",
)

PROFILES: Mapping[str, Profile] = {"openldap": OPENLDAP, "389ds": DIRECTORY_389, "activedirectory": ACTIVE_DIRECTORY}


def is_attribute(name: str) -> bool:
    """True for what can be an attribute's name, without options (RFC 4512 2.5)."""
    return bool(_ATTRIBUTE.fullmatch(name))


def locks(conditions: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, int], ...]]:
    """From "nsAccountLock=true" and "userAccountControl&2" to `locked` and `locked_bits`. ValueError for anything
    else."""
    marks, bits = [], []
    for condition in conditions:
        found = _CONDITION.fullmatch(condition)
        if not found or not is_attribute(found["name"]):
            raise ValueError("no condition")
        if found["bit"]:
            bits.append((found["name"], int(found["bit"])))
        else:
            marks.append((found["name"], found["value"].lower()))
    return tuple(marks), tuple(bits)


class _PlainNames(dict[str, str]):
    """Names of attributes as servers write them -> in lower case, without options (RFC 4512 2.5)."""

    most = 10_000

    def __missing__(self, name: str) -> str:
        plain = name.partition(";")[0].lower()
        if len(self) < self.most:
            self[name] = plain
        return plain


_plain = _PlainNames()


def by_plain_name(raw: Mapping[str, list[bytes]]) -> dict[str, list[bytes]]:
    """Values by attribute in lower case; those under an option (`mobile;lang-de`) follow those under none."""
    values = {_plain[name]: found for name, found in raw.items()}
    if len(values) == len(raw):
        return values
    merged: dict[str, list[bytes]] = {}
    for name in sorted(raw, key=str.lower):
        merged.setdefault(_plain[name], []).extend(raw[name])
    return merged


def _text_id(value: bytes) -> str:
    try:
        return value.decode().strip().lower()
    except UnicodeDecodeError:
        return ""


def _guid(value: bytes) -> str:
    """As Microsoft's tools show it: the first three fields are little-endian (MS-DTYP 2.3.4.2)."""
    return str(UUID(bytes_le=value)) if len(value) == 16 else ""


def _number(values: Sequence[bytes]) -> int | None:
    if len(values) != 1 or not _WHOLE.fullmatch(values[0]):
        return None
    return int(values[0])
