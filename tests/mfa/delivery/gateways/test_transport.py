"""One request to a provider over TLS: nobody but the provider gets it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mfa.delivery.gateways import transport
from mfa.delivery.gateways.base import GatewayError
from tests.mfa.delivery.messages import a_trace
from tests.services.servers.certificates import Authority, ServerCertificate


class Provider(BaseHTTPRequestHandler):
    """Answers 200, with what the test wants as body and headers."""

    body = b'{"id": "7"}'
    bodies: list[bytes] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


class Server(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Handshakes that a careful client breaks off are no news."""


@pytest.fixture
def certificate(tmp_path: Path) -> ServerCertificate:
    return Authority(tmp_path).issue()


@pytest.fixture
def provider(certificate: ServerCertificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Provider, "bodies", [])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert_file, certificate.key_file)
    server = Server(("127.0.0.1", 0), Provider)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}/send"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_provider_with_a_good_certificate_gets_the_message(
    provider: str, certificate: ServerCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.ca_file))
    assert transport.post(provider, b"text", {}, a_trace()).text == '{"id": "7"}'
    assert Provider.bodies == [b"text"]


def test_whoever_has_no_good_certificate_gets_nothing(provider: str) -> None:
    with pytest.raises(GatewayError) as refusal:
        transport.post(provider, b"text", {}, a_trace())
    assert "SSLCertVerificationError" in str(refusal.value)
    assert not refusal.value.sent_maybe
    assert Provider.bodies == []


def test_an_endless_answer_is_read_in_part(
    provider: str, certificate: ServerCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.ca_file))
    monkeypatch.setattr(Provider, "body", b"x" * 200_000)
    assert len(transport.post(provider, b"text", {}, a_trace()).text) == transport.LONGEST_ANSWER


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "http://127.0.0.1:99999/"])
def test_an_address_that_leads_nowhere_is_surely_not_sent(url: str) -> None:
    with pytest.raises(GatewayError) as refusal:
        transport.post(url, b"text", {}, a_trace())
    assert not refusal.value.sent_maybe
