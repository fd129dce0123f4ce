"""A process that answers each request with one frame, asked without ever waiting. Knows nothing of what is said."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from typing import IO, Generic, TypeVar

from accounts.directory.wire import LENGTH

Request = TypeVar("Request")
READ_AT_ONCE = ROOM = 1 << 20


class Child(Generic[Request]):
    """`waiting` are the requests without an answer, in order; `alive` turns False once the process is gone."""

    def __init__(self, process: subprocess.Popen[bytes], greeting: bytes) -> None:
        assert process.stdin
        assert process.stdout
        self._process = process
        self.input: IO[bytes] = process.stdin
        self.output: IO[bytes] = process.stdout
        for pipe in (self.input, self.output):
            os.set_blocking(pipe.fileno(), False)
            _widen(pipe)
        self._unsent: deque[memoryview] = deque([memoryview(greeting)])
        self._answer = bytearray()
        self.waiting: deque[Request] = deque()
        self.alive = True

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def send(self, request: Request, frame: bytes) -> None:
        self.waiting.append(request)
        self._unsent.append(memoryview(frame))

    def write(self) -> None:
        """Write as much as the pipe takes."""
        while self._unsent and self.alive:
            try:
                written = os.write(self.input.fileno(), self._unsent[0])
            except BlockingIOError:
                return
            except OSError:
                self.alive = False
                return
            rest = self._unsent.popleft()[written:]
            if rest:
                self._unsent.appendleft(rest)

    def received(self) -> Iterator[tuple[Request, bytes]]:
        """Requests that are answered by now, each with its answer."""
        self._read()
        while len(self._answer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._answer)
            end = LENGTH.size + length
            if len(self._answer) < end or not self.waiting:
                return
            answer = bytes(self._answer[LENGTH.size : end])
            del self._answer[:end]
            yield self.waiting.popleft(), answer

    def end(self, within: float) -> None:
        """Close the pipes, at which the process ends; kill it when it does not within so many seconds."""
        self.input.close()
        self.output.close()
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        while self.alive:
            try:
                piece = os.read(self.output.fileno(), READ_AT_ONCE)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                self.alive = False
            self._answer += piece


def _widen(pipe: IO[bytes]) -> None:
    """Room for whole frames, so that the process need not wait until this one comes by again."""
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, ROOM)


def wait(children: Sequence[Child[Request]]) -> None:
    """Until one of the processes has said or can be told something, or is gone."""
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(child.output, selectors.EVENT_READ)
            if child.has_unsent:
                selector.register(child.input, selectors.EVENT_WRITE)
        if children:
            selector.select()
