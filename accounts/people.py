"""A person as the directory and `accounts.provisioning` know one: a light row, no model. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Person(NamedTuple):
    """The columns of a person that a directory run reads and writes. `pk` is 0 for somebody not yet stored;
    `directory_id` is empty for a local account. `phone_next` (E.164) takes the place of `phone` at `phone_next_at`,
    or never where that is empty: its owner refused it."""

    pk: int
    directory_id: str
    username: str
    name: str
    email: str
    phone: str
    phone_source: str
    directory_phone: str
    directory_dn: str
    directory_fingerprint: str
    is_active: bool
    phone_confirmed_at: datetime | None = None
    phone_next: str = ""
    phone_next_at: datetime | None = None


COLUMNS = Person._fields[1:]
VISIBLE = ("username", "name", "email", "phone", "phone_next", "directory_dn", "is_active")
"""What a report shows; the other columns are the sync's own notes."""

_VISIBLE_AT = tuple((name, Person._fields.index(name)) for name in VISIBLE)
NOBODY = Person(0, "", "", "", "", "", "", "", "", "", True)


class Change(NamedTuple):
    """One person before and after; `rule` tells how the region of a new number was found, see accounts.phones."""

    old: Person
    new: Person
    rule: str = ""

    @property
    def visible(self) -> tuple[str, ...]:
        """The names of the columns that anybody would notice."""
        old, new = self.old, self.new
        return tuple([name for name, at in _VISIBLE_AT if old[at] != new[at]])
