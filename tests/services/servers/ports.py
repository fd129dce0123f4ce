"""Free loopback ports that no other test process is given at the same time."""

from __future__ import annotations

import fcntl
import os
import random
import socket
from pathlib import Path

from tests.services.servers.folders import servers_folder

# Below 32768 the kernel takes no port for outgoing connections, so nothing but another server can get in between.
_FIRST, _LAST = 20_000, 32_000
_held: list[int] = []


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, reserved against other callers until this process ends."""
    choose = random.SystemRandom()
    for _ in range(1000):
        port = choose.randrange(_FIRST, _LAST)
        if _reserve(port):
            return port
    raise RuntimeError(f"No free port was found between {_FIRST} and {_LAST}.")


def listens(port: int) -> bool:
    """Whether a server listens on this port of any address, asked of the kernel: some servers take each connection for
    a client and lose count."""
    state_listen = "0A"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            if state == state_listen and int(local.rpartition(":")[2], 16) == port:
                return True
    return False


def _reserve(port: int) -> bool:
    folder = servers_folder() / "ports"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("", port))  # every address, as Kannel listens on all of them
    except OSError:
        os.close(lock)
        return False
    _held.append(lock)
    return True
