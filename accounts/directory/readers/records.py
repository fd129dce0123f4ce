"""From raw attributes to entries, the same for every LDAP directory and for files. Knows profiles, not connections."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from accounts import names
from accounts.countries import region_of
from accounts.directory.entries import (
    LONGEST_DN,
    LONGEST_ID,
    LONGEST_MAIL,
    LONGEST_NAME,
    Entry,
    Flaw,
    Problem,
    Record,
    Sighting,
    Unreadable,
    fingerprint,
    printable,
)
from accounts.directory.readers.profiles import Profile, by_plain_name

Raw = dict[str, list[bytes]]

_ID = re.compile(rf"[0-9a-z-]{{1,{LONGEST_ID}}}")
_MAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]]+@[^\s@<>\"(),:;\\\[\]]+\.[^\s@<>\"(),:;\\\[\].]+")
MOST_VALUES = 50
_NOTHING = [b""]


def sight(dn: str, raw: Raw, profile: Profile) -> Sighting:
    """One record of the directory, read as far as it takes to know whether it changed."""
    found = [*map(raw.get, profile.attributes)]
    if len(raw) + found.count(None) != len(found):
        raw = by_plain_name(raw)
        found = [*map(raw.get, profile.compared)]
    mark = fingerprint(dn, found)
    directory_id = profile.read_id(found[0][0]) if found[0] else ""
    return Sighting(directory_id, mark, Unread(dn, found, profile, directory_id, mark))


@dataclass(slots=True)
class Unread:
    """What is behind a sighting: the values of each of `profile.attributes`, None for one without, and how to read
    them."""

    dn: str
    found: list[list[bytes] | None]
    profile: Profile
    directory_id: str
    fingerprint: str

    def __call__(self) -> Record:
        values = {name: found for name, found in zip(self.profile.compared, self.found, strict=True) if found}
        return _read(self.dn, values, self.profile, self.directory_id, self.fingerprint)


def read(dn: str, raw: Raw, profile: Profile) -> Record:
    """One record of the directory. Never raises: what cannot be used comes back as Unreadable or as problems."""
    return sight(dn, raw, profile).record()


def _read(dn: str, values: Raw, profile: Profile, directory_id: str, mark: str) -> Record:
    usernames = values.get(profile.username.lower()) or _NOTHING
    text = _text(usernames[0])
    username = names.normalise(text or "")
    enabled = profile.lets_in(values)
    problem = (
        _no_id(directory_id, profile)
        or _no_username(usernames, text, username, profile)
        or _without_state(enabled, values, profile)
    )
    dn = printable(dn, LONGEST_DN)
    if problem:
        # A name with hidden characters stands for nobody: least of all for whom it looks like.
        claimed = problem.value if problem.reason == Flaw.HIDDEN_IN_USERNAME else username
        return Unreadable(directory_id, dn, claimed, problem)
    problems: list[Problem] = []
    return Entry(
        directory_id=directory_id,
        dn=dn,
        username=username,
        name=_name(values, profile, problems),
        email=_mail(values, profile, problems),
        phones=_phones(values, profile),
        region=_region(values, profile),
        enabled=bool(enabled),
        fingerprint=mark,
        problems=tuple(problems),
    )


def _no_id(directory_id: str, profile: Profile) -> Problem | None:
    return None if _ID.fullmatch(directory_id) else Problem(Flaw.NO_ID, profile.id, printable(directory_id))


def _no_username(usernames: list[bytes], text: str | None, username: str, profile: Profile) -> Problem | None:
    if len(usernames) > 1:
        return Problem(Flaw.SEVERAL_USERNAMES, profile.username, _shown(b", ".join(usernames[:MOST_VALUES])))
    if text is None:
        return Problem(Flaw.NOT_TEXT, profile.username, _shown(usernames[0]))
    if len(text) > names.LONGEST:
        return Problem(Flaw.USERNAME_TOO_LONG, profile.username, printable(text))
    if not username:
        return Problem(Flaw.NO_USERNAME, profile.username)
    return Problem(Flaw.HIDDEN_IN_USERNAME, profile.username, printable(text)) if names.has_hidden(text) else None


def _name(values: Raw, profile: Profile, problems: list[Problem]) -> str | None:
    unread = False
    for attribute in profile.name:
        for value in values.get(attribute.lower(), ())[:1]:
            text = _text(value)
            if text is None:
                problems.append(Problem(Flaw.NOT_TEXT, attribute, _shown(value)))
                unread = True
            elif line := _one_line(text)[:LONGEST_NAME].strip():
                return line
    return None if unread else ""


def _mail(values: Raw, profile: Profile, problems: list[Problem]) -> str | None:
    found = values.get(profile.mail.lower(), ())[:MOST_VALUES]
    for value in found:
        text = (_text(value) or "").strip()
        if len(text) <= LONGEST_MAIL and text.isprintable() and _MAIL.fullmatch(text):
            return text
        problems.append(Problem(Flaw.NOT_AN_ADDRESS, profile.mail, _shown(value)))
    return None if found else ""


def _phones(values: Raw, profile: Profile) -> tuple[tuple[str, str], ...]:
    """Bytes that are no text become a mark that no number contains, so that the rules for numbers refuse them."""
    return tuple(
        (attribute, value.decode("utf-8", "replace"))
        for attribute in profile.phones
        for value in values.get(attribute.lower(), ())[:MOST_VALUES]
    )


def _region(values: Raw, profile: Profile) -> str:
    for attribute in profile.region:
        for value in values.get(attribute.lower(), ())[:1]:
            if (text := (_text(value) or "").strip()) and region_of(text):
                return text
    return ""


def _without_state(enabled: bool | None, values: Raw, profile: Profile) -> Problem | None:
    """Somebody whom nobody can tell to be disabled is neither let in nor taken for a leaver."""
    if enabled is not None:
        return None
    attribute = profile.locked_bits[0][0]
    return Problem(Flaw.NO_STATE, attribute, _shown(b", ".join(values.get(attribute.lower(), ())[:MOST_VALUES])))


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _shown(value: bytes) -> str:
    return printable(value.decode("utf-8", "replace"))


def _one_line(text: str) -> str:
    """White space in runs becomes one space; control and format characters go: names are put into mails."""
    text = text[: LONGEST_NAME * 4]
    if text.isprintable():
        return " ".join(text.split())
    plain = "".join(" " if char.isspace() else char for char in text)
    return " ".join("".join(char for char in plain if unicodedata.category(char)[0] != "C").split())
