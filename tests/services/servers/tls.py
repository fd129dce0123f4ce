"""A server that shows a certificate, by the protocol's own opening or at once, or that begins no TLS at all."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from tests.services.servers.certificates import ServerCertificate

LDAP_STARTED = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
LDAP_REFUSED = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"
"""An ExtendedResponse with success, and with `unavailable` (RFC 4511 4.14.2)."""
GREETING = b"220 mail.test ESMTP\r\n"
HELLO = b"250-mail.test greets you\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"


@contextlib.contextmanager
def shown(certificate: ServerCertificate | None, opening: str = "") -> Iterator[int]:
    """The port where the certificate is shown; with None the opening is refused, or plain text comes instead of TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, certificate, opening), daemon=True)
        serving.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
    serving.join(5)


def _serve(listening: socket.socket, certificate: ServerCertificate | None, opening: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            plain, _address = listening.accept()
            with plain, contextlib.suppress(OSError):
                plain.settimeout(5)
                _open(plain, opening, refuse=certificate is None)
                if certificate:
                    _show(plain, certificate)


def _open(plain: socket.socket, opening: str, *, refuse: bool) -> None:
    if opening == "ldap":
        plain.recv(1024)
        plain.sendall(LDAP_REFUSED if refuse else LDAP_STARTED)
    elif opening == "smtp":
        plain.sendall(GREETING)
        plain.recv(1024)
        for part in (HELLO[:9], HELLO[9:]):
            plain.sendall(part)
        plain.recv(1024)
        plain.sendall(b"454 TLS not available\r\n" if refuse else b"220 Go ahead\r\n")
    elif opening == "postgres":
        plain.recv(8)
        plain.sendall(b"N" if refuse else b"S")
    elif refuse:
        plain.recv(1024)
        plain.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")


def _show(plain: socket.socket, certificate: ServerCertificate) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert_file, certificate.key_file)
    with context.wrap_socket(plain, server_side=True) as secured:
        secured.recv(1)
