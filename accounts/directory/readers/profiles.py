"""What the attributes of each kind of directory are called. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Profile:
    """Which attributes of a kind of directory mean what; where there are several, the first that has a value counts.

    `locked` pairs an attribute with the value (lower case) by which an entry says that its owner may not sign in.
    """

    id: str = "entryUUID"
    username: str = "uid"
    name: tuple[str, ...] = ("displayName", "cn")
    mail: str = "mail"
    phones: tuple[str, ...] = ("mobile", "telephoneNumber")
    region: tuple[str, ...] = ("c", "co")
    locked: tuple[tuple[str, str], ...] = (("pwdAccountLockedTime", "000001010000z"), ("nsAccountLock", "true"))

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Everything to ask the directory for."""
        locks = (attribute for attribute, _ in self.locked)
        return (self.id, self.username, *self.name, self.mail, *self.phones, *self.region, *locks)

    @cached_property
    def compared(self) -> tuple[str, ...]:
        return tuple(attribute.lower() for attribute in self.attributes)


OPENLDAP = Profile()
