"""gunicorn's worker with threads. By itself it waits for the rest of a request for ever, with a thread for each, and
has a form that ended early judged as if it were whole."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

RECEIVED_WITHIN = 5.0
"""Seconds from the first byte of a request to its last. Proxies and FreeRADIUS send whole requests at once."""


class WebWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Ends the reading of a request that comes drop by drop, in its headers or its body."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._received_until: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        self._received_until[conn] = time.monotonic() + RECEIVED_WITHIN
        try:
            return super().handle(conn)
        finally:
            self._received(conn)

    def handle_request(self, req: Request, conn: TConn) -> Any:
        body = req.body.reader
        if isinstance(body, LengthReader):
            req.body.reader = Whole(body.unreader, body.length, partial(self._received, conn))
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Called by gunicorn each second at least."""
        super().murder_pending()
        now = time.monotonic()
        for conn, until in list(self._received_until.items()):
            if until < now:
                with contextlib.suppress(OSError):  # it has hung up
                    conn.sock.shutdown(socket.SHUT_RD)

    def _received(self, conn: TConn) -> None:
        """However long the answer takes, its connection can be kept."""
        self._received_until.pop(conn, None)


class Whole(LengthReader):  # type: ignore[misc]
    """A body of a length that was said, and that is an error when it is shorter. `received` is called once it is
    there."""

    def __init__(self, unreader: Any, length: int, received: Callable[[], None]) -> None:
        super().__init__(unreader, length)
        self._on_received = received
        if not length:
            received()

    def read(self, size: int) -> bytes:
        wanted = min(size, self.length)
        data: bytes = super().read(size)
        if len(data) < wanted:
            raise ConnectionResetError(errno.ECONNRESET, "the request ended early")
        if wanted and not self.length:
            self._on_received()
        return data
