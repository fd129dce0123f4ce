"""FreeRADIUS shows the portal's proxy a certificate of its own, where the lines for it are taken into use."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.services.servers.certificates import Authority, ServerCertificate
from tests.services.servers.freeradius import freeradius_server
from tests.services.started import started

ACCEPT = b'{"control:Auth-Type": "Accept"}'


class Strict(ThreadingHTTPServer):
    """Stands for a proxy that lets nobody in without a certificate; whoever is let in is accepted."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


class Accepting(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ACCEPT)))
        self.end_headers()
        self.wfile.write(ACCEPT)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def own(tmp_path: Path) -> ServerCertificate:
    return Authority(tmp_path).issue()


@pytest.fixture
def proxy(own: ServerCertificate) -> Iterator[str]:
    server = Strict(("127.0.0.1", 0), Accepting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.cert_file, own.key_file)
    context.load_verify_locations(own.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.row("N-29")
@pytest.mark.parametrize(("shows", "heard"), [(True, "Access-Accept"), (False, "")])
def test_with_the_shipped_lines_in_use_a_certificate_is_shown_and_without_them_none(
    shows: bool, heard: str, proxy: str, own: ServerCertificate
) -> None:
    certificate = own if shows else None
    server = freeradius_server(proxy, "000000000000.key", ca_file=str(own.ca_file), own=certificate)
    with started(server) as radius:
        assert radius.ask(User_Name="alice", User_Password="secret", wait=30.0 if shows else 0.5).packet == heard
