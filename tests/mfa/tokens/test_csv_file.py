from __future__ import annotations

import pytest

from mfa.tokens import files
from mfa.tokens.reading import MOST_TOKENS, Fault, Line, Reason, Unreadable

SEED = b"12345678901234567890"
BASE32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def read(text: str) -> list[Line]:
    return files.read(text.encode())


def only(row: str, head: str = "serial,secret_hex,type,digits,period,counter,algorithm") -> Line:
    (line,) = read(f"{head}\n{row}\n")
    return line


def test_every_column_is_read_in_any_order() -> None:
    head = "Type;Secret_Hex;SERIAL;digits;counter;algorithm;manufacturer"
    line = only(f"HOTP;{SEED.hex()};ab-12 34;8;7;HMAC-SHA256;Acme", head)
    entry = line.entry
    assert entry is not None
    assert (entry.serial, entry.method, entry.secret, entry.digits, entry.counter) == ("AB1234", "hotp", SEED, 8, 7)
    assert (entry.algorithm, entry.manufacturer, entry.period) == ("SHA256", "Acme", 30)


@pytest.mark.row("T-68")
@pytest.mark.parametrize("odd", ["\0", "\x07", "\x1b", "\u202e"])
def test_a_character_that_no_database_or_page_keeps_refuses_its_line_alone(odd: str) -> None:
    head = "serial,secret_hex,manufacturer"
    seed = SEED.hex()
    lines = read(f"{head}\nA1,{seed},Ac{odd}me\nA{odd}2,{seed},Acme\nA3,{seed},Acme\n")
    assert [line.refused for line in lines] == [Reason.BAD_TEXT, Reason.BAD_SERIAL, None]
    assert lines[1].serial == "A2"


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    seed = SEED.hex()
    lines = read(f'serial,secret_hex,manufacturer\nA1,{seed},"Acme\nTokens"\n\nA2,xyz,Acme\n')
    assert [(line.number, line.serial) for line in lines] == [(3, "A1"), (5, "A2")]


def test_a_file_for_microsoft_entra_is_read() -> None:
    head = "upn,serial number,secret key,time interval,manufacturer,model"
    line = only(f"ann@example.test,1234567,{BASE32.lower()},60,Contoso,HardwareKey", head)
    assert line.entry is not None
    assert (line.entry.serial, line.entry.secret, line.entry.period) == ("1234567", SEED, 60)
    assert line.entry.method == "totp"


@pytest.mark.row("N-01")
@pytest.mark.row("N-02")
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f",{SEED.hex()}", Reason.NO_SERIAL),
        (f"ä1,{SEED.hex()}", Reason.BAD_SERIAL),
        (f"{'1' * 65},{SEED.hex()}", Reason.BAD_SERIAL),
        ("1,", Reason.NO_SEED),
        ("1,xyz", Reason.BAD_SEED),
        (f"1,{SEED[:13].hex()}", Reason.SHORT_SEED),
        (f"1,{'ab' * 129}", Reason.LONG_SEED),
        (f"1,{SEED.hex()},ocra", Reason.METHOD),
        (f"1,{SEED.hex()},totp,7", Reason.DIGITS),
        (f"1,{SEED.hex()},totp,six", Reason.DIGITS),
        (f"1,{SEED.hex()},totp,6,121", Reason.PERIOD),
        (f"1,{SEED.hex()},totp,6,0", Reason.PERIOD),
        (f"1,{SEED.hex()},hotp,6,30,-1", Reason.COUNTER),
        (f"1,{SEED.hex()},hotp,6,30,{2**48}", Reason.COUNTER),
        (f"1,{SEED.hex()},hotp,6,30,0,MD5", Reason.ALGORITHM),
    ],
)
def test_what_may_not_be_imported_is_refused_with_its_reason(row: str, reason: Reason) -> None:
    line = only(row)
    assert line.entry is None
    assert line.refused is reason


def test_a_seed_of_112_bits_and_two_minutes_are_taken() -> None:
    assert only(f"1,{SEED[:14].hex()},totp,6,120").entry is not None


def test_a_serial_comes_once() -> None:
    lines = read(f"serial,secret_hex\n1,{SEED.hex()}\n1-,{SEED.hex()}\n")
    assert [line.refused for line in lines] == [None, Reason.TWICE]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", Fault.NO_COLUMNS),
        (b"\xff\xfe\x00\x01", Fault.NO_FORMAT),
        (b"serial,name\n1,2\n", Fault.NO_COLUMNS),
        (b"serial,secret_hex\n", Fault.EMPTY),
        (b'serial,secret_hex\n"1,2\n', Fault.NO_FORMAT),
        (b"serial,secret_hex\n" + b"1,00\n" * (MOST_TOKENS + 1), Fault.TOO_MANY),
    ],
)
def test_a_file_that_is_none_is_refused_as_a_whole(data: bytes, fault: Fault) -> None:
    with pytest.raises(Unreadable) as caught:
        files.read(data)
    assert caught.value.fault is fault


def test_no_seed_is_in_what_is_printed_of_an_entry() -> None:
    assert SEED.hex() not in repr(only(f"1,{SEED.hex()}"))
    assert str(SEED) not in repr(only(f"1,{SEED.hex()}"))
