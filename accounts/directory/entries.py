"""What the portal needs of a directory record, whatever directory it came from. Pure.

A record is an Entry where a reader can make sense of it and Unreadable where it cannot; both keep the person they
belong to from being taken for a leaver. Readers yield sightings, which are read only when something changed.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

LONGEST_ID, LONGEST_DN, LONGEST_NAME, LONGEST_MAIL = 64, 1000, 200, 254
LONGEST_EXACT = 200
FINGERPRINT_BYTES = 12


class Flaw(StrEnum):
    """Why a record, or a value in it that is not judged by the rules for telephone numbers, cannot be used."""

    NO_ID = "no_id"
    NO_USERNAME = "no_username"
    SEVERAL_USERNAMES = "several_usernames"
    USERNAME_TOO_LONG = "username_too_long"
    HIDDEN_IN_USERNAME = "hidden_in_username"
    NO_STATE = "no_state"
    NOT_TEXT = "not_text"
    NOT_AN_ADDRESS = "not_an_address"
    DUPLICATE_ID = "duplicate_id"
    DUPLICATE_USERNAME = "duplicate_username"
    USERNAME_TAKEN = "username_taken"
    LOCAL_ACCOUNT = "local_account"
    NUMBER_GONE = "number_gone"
    NUMBER_SHARED = "number_shared"

    @property
    def words(self) -> str:
        """What is wrong and what to do about it in the directory."""
        return WORDS[self]


WORDS = {
    Flaw.NO_ID: "The entry has no id that never changes (such as entryUUID). Let the service account read it.",
    Flaw.NO_USERNAME: "The entry has no user name. Give it one.",
    Flaw.SEVERAL_USERNAMES: "The entry has several user names, and nothing says which one counts. Leave one.",
    Flaw.USERNAME_TOO_LONG: "The user name is longer than 150 characters. Shorten it.",
    Flaw.HIDDEN_IN_USERNAME: "The user name has characters that nobody sees and looks like another. Write it again.",
    Flaw.NO_STATE: "Whether the account is disabled cannot be read. Let the service account read that attribute.",
    Flaw.NOT_TEXT: "The value is not text (UTF-8). Write it again.",
    Flaw.NOT_AN_ADDRESS: "The value is no e-mail address. Correct it.",
    Flaw.DUPLICATE_ID: "Two entries have the same id. Neither was touched; remove one.",
    Flaw.DUPLICATE_USERNAME: "Several entries have this user name. None was touched; rename all but one.",
    Flaw.USERNAME_TAKEN: "The user name still belongs to somebody whose own entry cannot be used. Correct that first.",
    Flaw.LOCAL_ACCOUNT: "A local account of the portal has this user name. Rename one of the two.",
    Flaw.NUMBER_GONE: "The directory has no usable number any more. The portal keeps the last one; enter one there.",
    Flaw.NUMBER_SHARED: "Somebody else has the same number. Give each person their own.",
}


class Problem(NamedTuple):
    """A record or a value that could not be used. `reason` is a Flaw or a Reason of accounts.phones; `value` is at most
    100 printable characters, `exact` the value to the letter where a correction can be made of it; `pk` is the
    person's, 0 when there is none."""

    reason: str
    attribute: str = ""
    value: str = ""
    suggestion: str = ""
    pk: int = 0
    username: str = ""
    dn: str = ""
    rule: str = ""
    exact: str = ""


@dataclass(slots=True)
class Entry:
    """A record that names one person.

    `phones` are all values in order of preference, as (attribute, value). `name` and `email` are None when the record
    has values of which none can be read: what is known already stays then. `region` is what the record says about its
    country ("DE", "Germany", "276"), or empty. `fingerprint` stands for the raw values, see `fingerprint`.
    """

    directory_id: str
    dn: str
    username: str
    name: str | None
    email: str | None
    phones: tuple[tuple[str, str], ...]
    region: str
    enabled: bool
    fingerprint: str
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Unreadable:
    """A record that cannot be used at all; id and user name are as far as they could be read."""

    directory_id: str
    dn: str
    username: str
    problem: Problem


Record = Entry | Unreadable


@dataclass(slots=True)
class Sighting:
    """A record of which only the id and the fingerprint were looked at: enough to know whether anything changed.
    `record` reads the rest; `directory_id` is empty where there is none that can be used."""

    directory_id: str
    fingerprint: str
    record: Callable[[], Record]


def fingerprint(dn: str, values: list[Any]) -> str:
    """24 hexadecimal digits that change when the DN or any raw value does; the person's row keeps them."""
    return blake2b(steady((dn, values)), digest_size=FINGERPRINT_BYTES).hexdigest()


def steady(values: Any) -> bytes:
    """Texts, bytes, numbers and None in lists and tuples as bytes that are the same in every process and release. A
    quarter of the price of `repr`."""
    # The last version of this format in which equal values are always equal bytes.
    return marshal.dumps(values, 2)


def to_the_letter(text: str) -> str:
    """The text if it is known to be the directory's value and a database can keep it, else nothing: bytes that were no
    text have become replacement characters."""
    return "" if len(text) > LONGEST_EXACT or "\N{REPLACEMENT CHARACTER}" in text or "\0" in text else text


def printable(text: str, longest: int = 100) -> str:
    """Bounded text for a report: one line, no control or format characters."""
    short = text[:longest]
    if short.isprintable():
        return short
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in short)
