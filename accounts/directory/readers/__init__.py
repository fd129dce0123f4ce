"""Where records come from. Each reader turns one kind of directory into entries; nothing above knows which it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

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


class DirectoryReader(Protocol):
    """Sees everybody, in batches. How many there will be is not known beforehand.

    A run may use only what was read to the end: any DirectoryError on the way makes all of it void.
    """

    def batches(self) -> Iterator[list[Sighting]]: ...
