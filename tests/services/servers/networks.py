"""A network of one server's own, in which every well-known port is free. The kernel removes it with its keeper."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.services.servers.folders import servers_folder
from tests.services.servers.processes import MissingProgram, ServerFailed, ServerProcess, find_program

_NUMBERS = 1 << 14
_held: list[int] = []
_KEEPER = """
until ip address add "$2/30" dev "$1" 2>/dev/null; do sleep 0.02; done
ip link set lo up
ip link set "$1" up
exec sleep infinity
"""


@dataclass(frozen=True)
class Network:
    """A cable between us (`here`) and one server (`there`). `number` is nobody else's while we run; `keeper` is the
    process that holds the network while the server comes and goes."""

    number: int
    keeper: ServerProcess

    @property
    def here(self) -> str:
        return address(self.number, 1)

    @property
    def there(self) -> str:
        return address(self.number, 2)

    @property
    def cable(self) -> str:
        """The name of our end."""
        return f"tst{self.number}a"

    def inside(self, *command: str | Path) -> list[str | Path]:
        """`command` run in this network."""
        return ["nsenter", f"--net=/proc/{self.keeper.pid}/ns/net", "--", *command]

    def lay_cable(self) -> None:
        """Connect us with the network; it is ready when the other end has its address."""
        pid, theirs = self.keeper.pid, f"tst{self.number}b"
        self.keeper.wait_until(lambda: _network_of(pid) != _network_of(os.getpid()))
        _ip("link", "add", self.cable, "type", "veth", "peer", "name", theirs, "netns", str(pid))
        _ip("address", "add", f"{self.here}/30", "dev", self.cable)
        _ip("link", "set", self.cable, "up")
        carrier = Path(f"/sys/class/net/{self.cable}/carrier")
        self.keeper.wait_until(lambda: carrier.read_text().strip() == "1")


@contextlib.contextmanager
def private_network(folder: Path) -> Iterator[Network]:
    """A network that ends with us, however we end; its keeper's log is in `folder`. MissingProgram where namespaces are
    not allowed."""
    number = free_number()
    script = ["sh", "-c", _KEEPER, "sh", f"tst{number}b", address(number, 2)]
    network = Network(number, ServerProcess(["unshare", "--net", "--", *script], log=folder / "network.log"))
    try:
        network.keeper.start()
        network.lay_cable()
        yield network
    finally:
        network.keeper.stop()


def free_number() -> int:
    """The number of a network that no other test process is given until this one ends."""
    find_program("ip", "iproute2")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        raise MissingProgram("Network namespaces are not allowed here: run the tests as root, or let them have those.")
    choose = random.SystemRandom()
    for _ in range(1000):
        number = choose.randrange(_NUMBERS)
        if _reserve(number):
            return number
    raise RuntimeError("No free network was found.")


def address(number: int, host: int) -> str:
    """The first or second address of a network."""
    return f"10.213.{number >> 6}.{(number & 63) * 4 + host}"


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
        raise ServerFailed("The keeper of the network ended.") from None


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerFailed(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
