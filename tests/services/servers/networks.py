"""A network of one server's own, in which every well-known port is free. The kernel removes it with the server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services.servers.folders import servers_folder
from tests.services.servers.processes import MissingProgram, ServerFailed, find_program

_NETWORKS = 1 << 14
_held: list[int] = []
_BEGIN = """
until ip address add "$2/30" dev "$1" 2>/dev/null; do sleep 0.02; done
ip link set lo up
ip link set "$1" up
shift 2
exec "$@"
"""


@dataclass(frozen=True)
class Network:
    """A cable between us (`here`) and one server (`there`). `number` is nobody else's while we run."""

    number: int

    @property
    def here(self) -> str:
        return self._address(1)

    @property
    def there(self) -> str:
        return self._address(2)

    def command(self, *command: str | Path) -> list[str | Path]:
        """`command` in a network of its own; it begins when `connect` has put the cable in."""
        return ["unshare", "--net", "--", "sh", "-c", _BEGIN, "sh", self._cable("b"), self.there, *command]

    def connect(self, pid: int) -> None:
        """Lay the cable to the process that was started by `command`."""
        until = time.monotonic() + 10
        while _network_of(pid) == _network_of(os.getpid()):
            if time.monotonic() > until:
                raise ServerFailed("The server did not get a network of its own in 10 s.")
            time.sleep(0.01)
        ours = self._cable("a")
        # Left for a moment by a server that has just stopped.
        with contextlib.suppress(ServerFailed):
            _ip("link", "delete", ours)
        _ip("link", "add", ours, "type", "veth", "peer", "name", self._cable("b"), "netns", str(pid))
        _ip("address", "add", f"{self.here}/30", "dev", ours)
        _ip("link", "set", ours, "up")

    def _address(self, host: int) -> str:
        return f"10.213.{self.number >> 6}.{(self.number & 63) * 4 + host}"

    def _cable(self, end: str) -> str:
        return f"tst{self.number}{end}"


def free_network() -> Network:
    """A network that no other test process is given until this one ends. MissingProgram where none can be made."""
    find_program("ip", "iproute2")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        raise MissingProgram("Network namespaces are not allowed here: run the tests as root, or let them have those.")
    choose = random.SystemRandom()
    for _ in range(1000):
        number = choose.randrange(_NETWORKS)
        if _reserve(number):
            return Network(number)
    raise RuntimeError("No free network was found.")


def _reserve(number: int) -> bool:
    folder = servers_folder() / "networks"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return False
    _held.append(lock)
    return True


def _network_of(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        raise ServerFailed("The server ended before it had a network.") from None


def _ip(*arguments: str) -> None:
    command: Sequence[str] = ["ip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerFailed(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
