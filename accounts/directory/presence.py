"""Whether somebody whom no password is asked of may still come in: the directory that would have judged it is asked."""

from __future__ import annotations

from accounts.directory import configuration, turns
from accounts.directory.entries import Entry
from accounts.directory.readers import DirectoryError
from accounts.directory.readers.ldap import person
from accounts.directory.readers.records import read
from accounts.models import User
from accounts.passwords import DirectoryUnreachable


def is_there(user: User) -> bool:
    """Whether the directory has the person's entry and would let its owner in; True for whom no directory answers for.
    Raises DirectoryUnreachable: then nobody can know."""
    if user.directory_id is None or not configuration.knows_passwords():
        return True
    try:
        with turns.of_process().one():
            found = person.look_up(configuration.server(), user.directory_id)
    except DirectoryError as error:
        raise DirectoryUnreachable(str(error)) from None
    entries = [read(dn, raw, configuration.profile()) for dn, raw in found]
    return any(isinstance(entry, Entry) and entry.enabled for entry in entries)
