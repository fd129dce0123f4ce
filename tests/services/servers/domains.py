"""The databases of a new Active Directory domain: made once for all processes of a test run, then copied."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.services.servers.folders import servers_folder
from tests.services.servers.processes import MissingProgram, ServerFailed

REALM = "EXAMPLE.TEST"
SYSTEM_PYTHON = Path("/usr/bin/python3")
_PASSWORD = "administrator"


@contextlib.contextmanager
def domain_copy(folder: Path) -> Iterator[str]:
    """Fill `folder`, which must not exist, with a new domain; yields its administrator's password.

    Whoever comes first makes it, which takes some eight seconds of one core; the last to leave removes it.
    """
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    # The name ends as that of a temporary folder, so that it is swept away when the run was killed.
    shared = servers_folder() / f"domain-{run}-shared"
    locks = servers_folder() / "domains"
    locks.mkdir(mode=0o700, exist_ok=True)
    with (locks / f"{run}-used").open("w") as used:
        with (locks / f"{run}-made").open("w") as made:
            fcntl.flock(made, fcntl.LOCK_EX)
            fcntl.flock(used, fcntl.LOCK_SH)
            if not (shared / _PASSWORD).exists():
                _make(shared)
            shutil.copytree(shared, folder)
        try:
            yield (folder / _PASSWORD).read_text()
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(used, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(shared, ignore_errors=True)


def strong_password() -> str:
    """A random one that a domain accepts."""
    return f"Aa1-{secrets.token_urlsafe(18)}"


def _make(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    password = strong_password()
    script = Path(__file__).with_name("samba_domain.py")
    # Isolated: the files beside the script are not to be taken for Samba's modules.
    command: list[str | Path] = [SYSTEM_PYTHON, "-I", script, folder, REALM]
    made = subprocess.run(command, input=password, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in made.stderr:
        raise MissingProgram("Samba's Python modules are not installed: run `bin/system-packages test`.")
    if made.returncode:
        raise ServerFailed(f"The domain could not be made:\n{made.stderr[-2000:]}")
    (folder / _PASSWORD).write_text(password)
