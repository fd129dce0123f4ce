"""Temporary folders of the servers, all under one place, swept when the process that made them is gone."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def servers_folder() -> Path:
    """The place of all servers of this account; PostgreSQL's account must pass through it, nobody else may list it."""
    folder = Path(tempfile.gettempdir(), f"test-servers-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else; remove it or set TMPDIR.")
    folder.chmod(0o711)
    return folder


@contextlib.contextmanager
def temporary_folder(name: str, *, owner: str | None = None) -> Iterator[Path]:
    """A private folder, removed afterwards, that root gives to `owner`; its path is short enough for Unix sockets."""
    place = servers_folder()
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=place))
    try:
        if owner is not None and os.geteuid() == 0:
            shutil.chown(folder, owner, pwd.getpwnam(owner).pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    # Whoever was killed could not clean up; the name of each folder carries the process that made it.
    for folder in place.glob("*-*-*"):
        maker = folder.name.split("-")[-2]
        if maker.isdigit() and not Path("/proc", maker).exists():
            shutil.rmtree(folder, ignore_errors=True)
