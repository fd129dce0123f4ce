"""A real Kannel (bearerbox and smsbox) whose mobile network is Kannel's own fakesmsc."""

from __future__ import annotations

import contextlib
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.servers.fakesmsc_log import Message, messages_in
from tests.services.servers.folders import temporary_folder
from tests.services.servers.ports import free_port, listens
from tests.services.servers.processes import ServerFailed, ServerProcess, find_program

_CONFIG = """\
group = core
admin-port = {admin}
admin-password = {password}
smsbox-port = {boxes}
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = FAKE
host = 127.0.0.1
port = {network}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = {username}
password = {password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
text = "No service."
"""


@dataclass
class Ports:
    admin: int = field(default_factory=free_port)
    boxes: int = field(default_factory=free_port)
    network: int = field(default_factory=free_port)
    sendsms: int = field(default_factory=free_port)


@dataclass
class Kannel:
    """A running Kannel; `url` is its sendsms address. It calls a `dlr-url` with 8 (the network has it), then 1."""

    ports: Ports
    username: str
    password: str
    bearerbox: ServerProcess
    smsbox: ServerProcess
    network: ServerProcess
    _seen: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.sendsms}/cgi-bin/sendsms"

    def messages(self) -> list[Message]:
        """The SMS delivered since the start or the last `clear`: (sender, recipient, text)."""
        return self._all()[self._seen :]

    def clear(self) -> None:
        """Forget the messages delivered so far."""
        self._seen = len(self._all())

    def wait_for(self, recipient: str, timeout: float = 60.0, *, count: int = 1) -> Message:
        """The `count`-th SMS to `recipient` (as it was given to Kannel, "+44..."); TimeoutError when none comes."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            found = [message for message in self.messages() if message.recipient == recipient]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.05)
        raise TimeoutError(f"No SMS number {count} to {recipient} within {timeout:g} s; delivered: {self.messages()}")

    def start(self) -> None:
        """Start what does not run and wait until an SMS sent now is delivered."""
        self.bearerbox.start()
        self.bearerbox.wait_until(lambda: all(listens(port) for port in (self.ports.admin, self.ports.network)))
        self.start_smsbox()
        self.start_network()

    def stop(self) -> None:
        for process in (self.network, self.smsbox, self.bearerbox):
            process.stop(timeout=5)

    def start_smsbox(self) -> None:
        self.smsbox.start()
        self.smsbox.wait_until(lambda: listens(self.ports.sendsms) and "smsbox:" in self._status())

    def stop_smsbox(self) -> None:
        """Take the sending address away: connections are refused until `start_smsbox`."""
        self.smsbox.stop(timeout=5)

    def start_network(self) -> None:
        self.network.start()
        self.network.wait_until(lambda: "FAKE:" in self._status() and "(online" in self._status())

    def stop_network(self) -> None:
        """Take the mobile network away: Kannel accepts (202, "3: Queued for later delivery") and holds what it gets."""
        self.network.stop()
        self.bearerbox.wait_until(lambda: "(online" not in self._status())

    def _status(self) -> str:
        address = f"http://127.0.0.1:{self.ports.admin}/status.txt?password={self.password}"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            return ""

    def _all(self) -> list[Message]:
        return messages_in(self.network.log.read_text(encoding="utf-8", errors="replace"))


@contextlib.contextmanager
def kannel_server() -> Iterator[Kannel]:
    """A fresh Kannel with one sendsms user; MissingProgram when it is not installed."""
    programs = [find_program("bearerbox", "kannel"), find_program("smsbox", "kannel")]
    programs.append(find_program("fakesmsc", "kannel-extras", "/usr/lib/kannel/test"))
    with temporary_folder("kannel") as folder:
        server = _started(folder, programs)
        try:
            yield server
        finally:
            server.stop()


def _started(folder: Path, programs: list[str], attempts: int = 3) -> Kannel:
    for attempt in range(attempts):
        server = _prepared(folder, programs)
        try:
            server.start()
        except ServerFailed:
            server.stop()
            if attempt == attempts - 1:
                raise
        else:
            return server
    raise AssertionError("unreachable")


def _prepared(folder: Path, programs: list[str]) -> Kannel:
    bearerbox, smsbox, fakesmsc = programs
    ports, username, password = Ports(), "portal", secrets.token_hex(12)
    config = folder / "kannel.conf"
    config.write_text(_CONFIG.format(**vars(ports), username=username, password=password))
    # "-m 0": it sends no message of its own, which the last argument would be.
    network = [fakesmsc, "-H", "127.0.0.1", "-r", str(ports.network), "-m", "0", "100 200 text none"]
    return Kannel(
        ports=ports,
        username=username,
        password=password,
        bearerbox=ServerProcess([bearerbox, config], log=folder / "bearerbox.log"),
        smsbox=ServerProcess([smsbox, config], log=folder / "smsbox.log"),
        network=ServerProcess(network, log=folder / "network.log"),
    )
