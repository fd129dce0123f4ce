"""A network that fails as told: passes connections on to a server, and after so many bytes of its answers no more."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from enum import StrEnum

AT_ONCE = 512
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing drops what is under way and sends a reset."""


class End(StrEnum):
    """What becomes of connections then, and of each that is made later."""

    CUT = "cut"
    RESET = "reset"
    STALL = "stall"


class Toxic:
    """`answered` counts what the server said since `poison`; `left` is how much more of it passes (None: all)."""

    def __init__(self, target: int) -> None:
        self._target, self._end = target, End.CUT
        self.answered = 0
        self.left: int | None = None
        self._lock, self._open = threading.Lock(), list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def poison(self, left: int | None, end: End = End.CUT) -> None:
        self.answered, self.left, self._end = 0, left, end

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for link in self._open:
            link.close()

    def _accept(self) -> None:
        threads = list[threading.Thread]()
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open.append(server)
                for act, ways in ((self._ask, (client, server)), (self._answer, (server, client))):
                    threads.append(threading.Thread(target=act, args=ways))
                    threads[-1].start()
        for link in self._open:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while some := client.recv(AT_ONCE):
                server.sendall(some)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while some := server.recv(AT_ONCE):
                passes = self._passing(len(some))
                client.sendall(some[:passes])
                if passes < len(some):
                    self._fail(server, client)
                    return
            client.shutdown(socket.SHUT_WR)

    def _passing(self, count: int) -> int:
        with self._lock:
            passes = count if self.left is None else min(count, self.left - self.answered)
            self.answered += passes
            return passes

    def _fail(self, server: socket.socket, client: socket.socket) -> None:
        if self._end == End.STALL:
            return
        server.shutdown(socket.SHUT_RDWR)
        if self._end == End.RESET:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            client.shutdown(socket.SHUT_RD)  # wakes whoever reads there, without a word to the other side
            client.close()
        else:
            client.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def toxic_network(target: int) -> Iterator[Toxic]:
    """Connections to `port` arrive at the port `target` of this machine."""
    toxic = Toxic(target)
    try:
        yield toxic
    finally:
        toxic.close()
