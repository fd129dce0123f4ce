"""The process behind `http_gateway`: `python -m tests.services.servers.http_gateway_process PORT`."""

from __future__ import annotations

import base64
import json
import socketserver
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTROL = "/-control-/"


@dataclass
class Plan:
    status: int = 200
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0
    drop: bool = False
    times: int | None = None


class Record:
    """Requests and plans, shared by the threads of the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[dict[str, Any]] = []
        self._plans: list[Plan] = []

    def take(self, request: dict[str, Any]) -> tuple[int, Plan]:
        """Keep the request; its number from 1 and the plan to follow."""
        with self._lock:
            self._requests.append(request)
            return len(self._requests), self._next_plan()

    def control(self, what: str, content: Any) -> Any:
        with self._lock:
            if what == "plan":
                self._plans.append(Plan(**content))
            elif what == "reset":
                self._requests.clear()
                self._plans.clear()
            return list(self._requests)

    def _next_plan(self) -> Plan:
        for plan in self._plans:
            if plan.times != 0:
                plan.times = None if plan.times is None else plan.times - 1
                return plan
        return Plan()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.record = Record()

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for this machine's full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(CONTROL):
            answer = self.server.record.control(self.path.removeprefix(CONTROL), json.loads(body or b"null"))
            self._send(200, json.dumps(answer), {})
            return
        number, plan = self.server.record.take(
            {
                "method": self.command,
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": base64.b64encode(body).decode(),
                "at": time.time(),
            }
        )
        self._follow(plan, number)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def _follow(self, plan: Plan, number: int) -> None:
        time.sleep(plan.seconds)
        if plan.drop:
            self.close_connection = True
            return
        self._send(plan.status, json.dumps({"id": str(number)}) if plan.body is None else plan.body, plan.headers)

    def _send(self, status: int, body: str, headers: dict[str, str]) -> None:
        content = body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Say nothing: the record is the log."""


def serve(port: int) -> None:
    """Serve on loopback until killed."""
    with _Server(port) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
