"""Content synchronisation between bytes and Python, held to the package's own reading of it."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from ldap.syncrepl import SyncInfoMessage, SyncRequestControl, SyncStateControl

from accounts.directory.readers.ldap.sync_values import Done, Info, State, read_info, read_state, tlv
from accounts.directory.readers.ldap.syncrepl import SyncRequest

ONE = "155498d4-7a5b-1041-8294-434fe492b65f"
COOKIE = "rid=000,csn=20260302093104.000000Z#000000#000#000000"


def octets(text: str) -> bytes:
    return tlv(0x04, text.encode())


@pytest.mark.parametrize("cookie", ["", COOKIE, "x" * 200, "x" * 70_000])
def test_request_is_what_the_package_would_send(cookie: str) -> None:
    assert SyncRequest(cookie).encodeControlValue() == SyncRequestControl(cookie=cookie).encodeControlValue()


@given(st.sampled_from([0, 1, 2, 3]), st.uuids(), st.sampled_from([b"", octets(COOKIE)]))
def test_state_of_an_entry(what: int, uuid: UUID, cookie: bytes) -> None:
    encoded = tlv(0x30, tlv(0x0A, bytes([what])) + tlv(0x04, uuid.bytes) + cookie)
    theirs = SyncStateControl()
    theirs.decodeControlValue(encoded)
    assert read_state(encoded) == State(what, theirs.entryUUID)


@pytest.mark.parametrize("deletes", [True, False])
@pytest.mark.parametrize("cookie", ["", COOKIE])
def test_end_says_whether_the_gone_were_named(cookie: str, deletes: bool) -> None:
    end = (octets(cookie) if cookie else b"") + (tlv(0x01, b"\x01") if deletes else b"")
    assert Done.read(tlv(0x30, end)) == Done(cookie, deletes)


@pytest.mark.parametrize("deletes", [True, False])
def test_many_ids_in_one_message(deletes: bool) -> None:
    flag = tlv(0x01, b"\xff") if deletes else b""
    ids = [UUID(int=number) for number in range(300)]
    encoded = tlv(0xA3, octets(COOKIE) + flag + tlv(0x31, b"".join(tlv(0x04, one.bytes) for one in ids)))
    theirs = SyncInfoMessage(encoded).syncIdSet
    assert read_info(encoded) == Info(COOKIE, deletes, tuple(theirs["syncUUIDs"]))


def test_other_messages_bring_a_cookie_at_most() -> None:
    assert read_info(tlv(0x80, COOKIE.encode())) == Info(COOKIE)
    assert read_info(tlv(0xA1, octets(COOKIE))) == Info(COOKIE)
    assert read_info(tlv(0xA2, b"")) == Info()


@pytest.mark.row("T-51")
@pytest.mark.parametrize(
    "encoded",
    [b"", b"\x30", b"\x30\x82", b"\x30\x05\x0a\x01\x01", b"\x31\x00", tlv(0x30, b"\x04\x10short"), tlv(0x30, b"")],
)
def test_what_is_cut_off_is_no_answer(encoded: bytes) -> None:
    with pytest.raises(ValueError, match="element"):
        read_state(encoded)


def test_an_id_that_is_none_is_no_answer() -> None:
    with pytest.raises(ValueError, match="16"):
        read_state(tlv(0x30, tlv(0x0A, b"\1") + octets("short")))
