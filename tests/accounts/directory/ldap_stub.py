"""A directory that misbehaves as told: it speaks just enough LDAP to answer a paged search wrongly."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PAGING = b"1.2.840.113556.1.4.319"
BIND, SEARCH, START_TLS = 0x60, 0x63, 0x77


@dataclass(frozen=True)
class Page:
    """One answer to a search. `cookie` None leaves the paging control out; `cut` closes the connection instead of
    ending the answer, `stall` never ends it."""

    people: Sequence[str] = ()
    code: int = 0
    cookie: bytes | None = b""
    cut: bool = False
    stall: bool = False


class LdapStub:
    """Answers binds with success and each search with the next page; `received` is every byte that came."""

    def __init__(self, listener: socket.socket, url: str, pages: Sequence[Page]) -> None:
        self.url, self.received = url, b""
        self._listener, self._pages = listener, list(pages)
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._released.set()
        # Wakes the thread out of accept, which closing alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                with link, contextlib.suppress(OSError):
                    self._talk(link)

    def _talk(self, link: socket.socket) -> None:
        while message := _message(link):
            self.received += message[2]
            number, operation, _ = message
            if operation == BIND:
                link.sendall(_envelope(number, _tlv(0x61, _result(0))))
            elif operation == START_TLS:
                link.sendall(_envelope(number, _tlv(0x78, _result(2))))
            elif operation == SEARCH and not self._answer(link, number, self._pages.pop(0)):
                return

    def _answer(self, link: socket.socket, number: int, page: Page) -> bool:
        for uid in page.people:
            link.sendall(_envelope(number, _entry(uid)))
        if page.stall:
            self._released.wait(30)
        if page.cut or page.stall:
            return False
        controls = b"" if page.cookie is None else _tlv(0xA0, _paging(page.cookie))
        link.sendall(_envelope(number, _tlv(0x65, _result(page.code)) + controls))
        return True


@contextlib.contextmanager
def ldap_stub(*pages: Page, port: int | None = None) -> Iterator[LdapStub]:
    """A stub on a Unix socket, or on a TCP port where TLS is to be asked for."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        if port is None:
            listener, path = socket.socket(socket.AF_UNIX), str(Path(folder) / "ldapi")
            listener.bind(path)
            url = f"ldapi://{quote(path, safe='')}"
        else:
            listener, url = socket.create_server(("127.0.0.1", port)), f"ldap://127.0.0.1:{port}"
        listener.listen()
        stub = LdapStub(listener, url, pages)
        stack.callback(stub.close)
        yield stub


def _message(link: socket.socket) -> tuple[int, int, bytes] | None:
    """The next message: its number, its operation's tag, and all its bytes."""
    head = link.recv(2, socket.MSG_WAITALL)
    if len(head) < 2:
        return None
    length = head[1]
    if length & 0x80:
        extra = link.recv(length & 0x7F, socket.MSG_WAITALL)
        length = int.from_bytes(extra, "big")
    body = link.recv(length, socket.MSG_WAITALL)
    digits = body[1]
    return int.from_bytes(body[2 : 2 + digits], "big"), body[2 + digits], body


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _envelope(number: int, content: bytes) -> bytes:
    return _tlv(0x30, _tlv(0x02, number.to_bytes(2, "big")) + content)


def _result(code: int) -> bytes:
    referral = _tlv(0xA3, _tlv(0x04, b"ldap://elsewhere.test/")) if code == 10 else b""
    return _tlv(0x0A, bytes([code])) + _tlv(0x04, b"") + _tlv(0x04, b"") + referral


def _entry(uid: str) -> bytes:
    values = {"uid": uid, "cn": uid, "entryUUID": f"00000000-{uid}", "mobile": "+49 170 1234567"}
    attributes = b"".join(
        _tlv(0x30, _tlv(0x04, name.encode()) + _tlv(0x31, _tlv(0x04, value.encode()))) for name, value in values.items()
    )
    return _tlv(0x64, _tlv(0x04, f"uid={uid}".encode()) + _tlv(0x30, attributes))


def _paging(cookie: bytes) -> bytes:
    value = _tlv(0x30, _tlv(0x02, b"\0") + _tlv(0x04, cookie))
    return _tlv(0x30, _tlv(0x04, PAGING) + _tlv(0x04, value))
