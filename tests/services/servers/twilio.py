"""A small server that speaks Twilio's published messaging API: it checks what Twilio checks, keeps what it took, and
reports back with signed status callbacks. https://www.twilio.com/docs/messaging/api/message-resource"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import re
import secrets
import socketserver
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode


@dataclass
class Twilio:
    """A running server; `messages` has the form of each SID, `fail` is answered in place of the next 201."""

    port: int = 0
    account: str = field(default_factory=lambda: f"AC{secrets.token_hex(16)}")
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    messages: dict[str, dict[str, str]] = field(default_factory=dict)
    fail: tuple[int, int, str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        self.messages.clear()
        self.fail = None

    def report(self, sid: str, status: str, *, error: str = "", signature: str | None = None) -> int:
        """Call the message's StatusCallback; the status of the answer."""
        form = {
            "AccountSid": self.account,
            "ApiVersion": "2010-04-01",
            "To": self.messages[sid]["To"],
        }
        form |= {"MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "SmsStatus": status}
        form |= {"ErrorCode": error} if error else {}
        address = self.messages[sid]["StatusCallback"]
        headers = {"X-Twilio-Signature": self.sign(address, form) if signature is None else signature}
        request = urllib.request.Request(address, urlencode(form).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code

    def sign(self, address: str, form: dict[str, str]) -> str:
        text = address + "".join(f"{name}{form[name]}" for name in sorted(form))
        return base64.b64encode(hmac.new(self.token.encode(), text.encode(), hashlib.sha1).digest()).decode()

    def take(self, path: str, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """What Twilio answers to a request for a new message."""
        wanted = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if authorization != f"Basic {wanted}":
            return _error(401, 20003, "Authenticate")
        if path != f"/2010-04-01/Accounts/{self.account}/Messages.json":
            return _error(404, 20404, f"The requested resource {path} was not found")
        if self.fail is not None:
            failure, self.fail = self.fail, None
            return _error(*failure)
        if not re.fullmatch(r"\+[1-9]\d{6,14}", form.get("To", "")):
            return _error(400, 21211, f"The 'To' number {form.get('To')} is not a valid phone number.")
        if not form.get("From") and not form.get("MessagingServiceSid"):
            return _error(400, 21603, "A 'From' phone number is required.")
        if not form.get("Body"):
            return _error(400, 21602, "Message body is required.")
        sid = f"SM{secrets.token_hex(16)}"
        self.messages[sid] = form
        return 201, {
            "account_sid": self.account, "api_version": "2010-04-01", "body": form["Body"], "direction": "outbound-api",
            "error_code": None, "error_message": None, "from": form.get("From"), "num_segments": "1", "sid": sid,
            "status": "queued", "to": form["To"], "uri": f"/2010-04-01/Accounts/{self.account}/Messages/{sid}.json",
        }  # fmt: skip


@contextlib.contextmanager
def twilio_server() -> Iterator[Twilio]:
    """A fresh one, in a thread of this process."""
    handle = Twilio()
    with _Server(handle) as server:
        handle.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield handle
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handle: Twilio) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.handle = handle

    def server_bind(self) -> None:
        # HTTPServer would ask the resolver for this machine's full name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}
        status, answer = self.server.handle.take(self.path, self.headers.get("Authorization", ""), form)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


def _error(status: int, code: int, message: str) -> tuple[int, dict[str, object]]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}
