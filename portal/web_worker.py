"""gunicorn's worker with threads. By itself it waits for the rest of a request for ever, with a thread for each, and
has a form that ended early judged as if it were whole."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

RECEIVED_WITHIN = 5.0
"""Seconds from the first byte of a request to its last. Proxies and FreeRADIUS send whole requests at once."""


class WebWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Ends the reading of a request that comes drop by drop, in its headers or its body. One that was received, and
    takes longer to answer, loses no more than its kept connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._received_until: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        self._received_until[conn] = time.monotonic() + RECEIVED_WITHIN
        try:
            return super().handle(conn)
        finally:
            del self._received_until[conn]

    def handle_request(self, req: Request, conn: TConn) -> Any:
        if isinstance(req.body.reader, LengthReader):
            req.body.reader = _Whole(req.body.reader.unreader, req.body.reader.length)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Called by gunicorn each second at least."""
        super().murder_pending()
        now = time.monotonic()
        for conn, until in list(self._received_until.items()):
            if until < now:
                with contextlib.suppress(OSError):  # it has hung up
                    conn.sock.shutdown(socket.SHUT_RD)


class _Whole(LengthReader):  # type: ignore[misc]
    """A body of a length that was said, and that is an error when it is shorter."""

    def read(self, size: int) -> bytes:
        wanted = min(size, self.length)
        data: bytes = super().read(size)
        if len(data) < wanted:
            raise ConnectionResetError(errno.ECONNRESET, "the request ended early")
        return data
