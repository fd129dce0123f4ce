"""A real Redis that keeps its data over stop and start."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from tests.services.servers.folders import temporary_folder
from tests.services.servers.ports import free_port
from tests.services.servers.processes import ServerProcess, find_program


@dataclass
class Redis:
    """A running Redis; `url` names its database 0."""

    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process.start()
        self.process.wait_until(lambda: self._says("PING").startswith(b"+PONG"))

    def stop(self) -> None:
        """End it; clients get "connection refused" until `start`, which brings the data back."""
        self.process.stop()

    def flush(self) -> None:
        """Forget all data."""
        self._says("FLUSHALL")

    def _says(self, command: str) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                link.sendall(f"{command}\r\n".encode())
                return link.recv(1024)
        except OSError:
            return b""


@contextlib.contextmanager
def redis_server() -> Iterator[Redis]:
    """A fresh, empty Redis; MissingProgram when it is not installed."""
    program = find_program("redis-server", "redis-server")
    with temporary_folder("redis") as folder:
        port = free_port()
        options = {"bind": "127.0.0.1", "port": port, "dir": folder, "save": "", "appendonly": "yes"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        server = Redis(port, ServerProcess([program, *arguments], log=folder / "redis.log"))
        try:
            server.start()
            yield server
        finally:
            server.stop()
