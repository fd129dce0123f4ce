"""An HTTP server that plays an SMS provider: records each request and answers, hangs or drops as it is told.

It runs as `python -m tests.services.servers.http_gateway_process PORT`, a process of its own, so a request is on
record even when the process that made it was killed; the handle talks to it over HTTP below `CONTROL`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.services.servers.folders import temporary_folder
from tests.services.servers.http_gateway_process import CONTROL
from tests.services.servers.ports import free_port, listens
from tests.services.servers.processes import ServerProcess

_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names are in lower case; `at` is Unix time in seconds."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def query(self) -> dict[str, str]:
        return _last_values(urlsplit(self.path).query)

    @property
    def form(self) -> dict[str, str]:
        """The body of an application/x-www-form-urlencoded request."""
        return _last_values(self.body.decode())

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpGateway:
    """A running gateway at `url`; it answers 200 `{"id": "N"}` until told otherwise."""

    port: int
    process: ServerProcess

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sms"

    @property
    def requests(self) -> list[Request]:
        """Every request so far, also those that were dropped or still hang."""
        recorded = self._control("GET", "requests")
        return [Request(**{**fields, "body": base64.b64decode(fields["body"])}) for fields in recorded]

    def answer(
        self, status: int, body: str = "", *, headers: Mapping[str, str] | None = None, times: int | None = None
    ) -> None:
        """Answer so for the next `times` requests, else from now on; plans are used in the order they were made."""
        self._plan(status=status, body=body, headers=dict(headers or {}), times=times)

    def redirect(self, target: str, *, status: int = 302, times: int | None = None) -> None:
        self._plan(status=status, headers={"Location": target}, times=times)

    def hang(self, seconds: float, *, times: int | None = None) -> None:
        """Answer as usual, but only after `seconds`."""
        self._plan(seconds=seconds, times=times)

    def drop(self, *, times: int | None = None) -> None:
        """Read the request, then cut the connection without an answer."""
        self._plan(drop=True, times=times)

    def reset(self) -> None:
        """Running, with no request on record and no plan."""
        self.start()
        self._control("POST", "reset")

    def wait_for(self, count: int = 1, timeout: float = 60.0) -> list[Request]:
        """The requests once there are `count`; TimeoutError when they do not come."""
        until = time.monotonic() + timeout
        while len(found := self.requests) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(found)} of {count} requests came within {timeout:g} s.")
            time.sleep(0.05)
        return found

    def start(self) -> None:
        self.process.start()
        self.process.wait_until(lambda: listens(self.port))

    def stop(self) -> None:
        """End it: connections are refused and the record is gone."""
        self.process.kill()

    def _plan(self, **plan: Any) -> None:
        self._control("POST", "plan", plan)

    def _control(self, method: str, what: str, content: object = None) -> Any:
        address = f"http://127.0.0.1:{self.port}{CONTROL}{what}"
        request = urllib.request.Request(address, data=json.dumps(content).encode(), method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


@contextlib.contextmanager
def http_gateway_server() -> Iterator[HttpGateway]:
    """A fresh gateway."""
    with temporary_folder("http-gateway") as folder:
        port = free_port()
        command = [sys.executable, "-m", "tests.services.servers.http_gateway_process", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        server = HttpGateway(port, ServerProcess(command, log=folder / "gateway.log", environment=environment))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _last_values(encoded: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(encoded, keep_blank_values=True).items()}
