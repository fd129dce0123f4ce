"""Where records come from. Each reader turns one kind of directory into entries; nothing above knows which it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from accounts.directory.entries import Sighting


class DirectoryError(Exception):
    """The directory could not be read completely, so nothing that was read counts. The text is one plain sentence
    for an admin, without secrets."""


class DirectoryUnavailable(DirectoryError):
    """It did not answer, or not in time."""


class TlsRefused(DirectoryError):
    """The connection cannot be trusted: no TLS, another authority, another host name. Nothing secret was sent."""


class BindRefused(DirectoryError):
    """It refused the service account."""


class PartialResult(DirectoryError):
    """The answer ended early or is known to be incomplete: what is absent from it may well exist."""


class BadFile(DirectoryError):
    """A file that stands for a directory cannot be read."""


class PositionLost(Exception):
    """A directory cannot say what changed since a position, so everybody must be read. The text is one clause."""


Position = dict[str, Any]
"""Where in its history a directory is, as JSON that its reader understands; empty where it has no history."""


@dataclass
class Changes:
    """What happened since a position, with overlap: `seen` are records as they are now, which may be unchanged. Whoever
    is in `gone` may have left, and whoever is not in `present` has: None where nobody counted all ids."""

    position: Position
    seen: list[Sighting] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    present: set[str] | None = None


class Follower(Protocol):
    """A directory, connected to ask what changed. Every method raises DirectoryError where the answer is not whole."""

    def position(self, *, now: datetime) -> Position:
        """Where the directory is. Whatever changes after this call is told by `changes` of this position."""

    def changes(self, since: Position, *, now: datetime) -> Changes:
        """Everything that changed since. Raises PositionLost."""

    def find(self, ids: Collection[str], dns: Collection[str] = ()) -> list[Sighting]:
        """Those of the records that are there now, by id or by DN; the others are not."""

    def shows_anybody(self) -> bool:
        """False when the whole search finds nobody: then somebody's absence says nothing."""


class DirectoryReader(Protocol):
    """Sees everybody, in batches. How many there will be is not known beforehand.

    A run may use only what was read to the end: any DirectoryError on the way makes all of it void.
    """

    def batches(self) -> Iterator[list[Sighting]]: ...


@runtime_checkable
class FollowedReader(DirectoryReader, Protocol):
    """One that can also say what changed. `source` names what is read; positions hold for the same one only."""

    @property
    def source(self) -> str: ...

    def follow(self) -> AbstractContextManager[Follower]: ...
