from __future__ import annotations

import io

import pytest
from pskc import PSKC

from mfa.tokens import files
from mfa.tokens.pskc_file import DEEPEST, MOST_ITERATIONS
from mfa.tokens.reading import Entry, Fault, Reason, Unreadable
from tests.mfa.tokens.samples import RFC_6030_FIGURE_6, RFC_6030_KEY, SEED, package, pskc

INTERVAL = "<TimeInterval><PlainValue>{}</PlainValue></TimeInterval>"
COUNTER = "<Counter><PlainValue>{}</PlainValue></Counter>"


def entry_of(data: bytes, unlock: str = "") -> Entry:
    (line,) = files.read(data, unlock)
    assert line.entry is not None, line
    return line.entry


def fault_of(data: bytes, unlock: str = "") -> Fault:
    with pytest.raises(Unreadable) as caught:
        files.read(data, unlock)
    return caught.value.fault


def encrypted(password: str, *, iterations: int = 1000) -> bytes:
    container = PSKC()
    container.add_key(
        id="1", serial="987654321", manufacturer="Acme", secret=SEED, algorithm="hotp", response_length=6,
        response_encoding="DECIMAL", counter=3,
    )  # fmt: skip
    container.encryption.setup_pbkdf2(password, iterations=iterations)
    written = io.BytesIO()
    container.write(written)
    return written.getvalue()


def test_a_plain_file_is_read() -> None:
    lines = files.read(
        pskc(
            package("AB-1", more=COUNTER.format(42)),
            package("2", "totp", digits="8", suite="<Suite>HMAC-SHA256</Suite>", more=INTERVAL.format(60)),
        )
    )
    first, second = (line.entry for line in lines)
    assert first == Entry("AB1", "hotp", SEED, counter=42, manufacturer="Manufacturer")
    assert second == Entry("2", "totp", SEED, "SHA256", 8, 60, manufacturer="Manufacturer")


def test_the_encrypted_example_of_rfc_6030_opens_with_its_key() -> None:
    entry = entry_of(RFC_6030_FIGURE_6.encode(), RFC_6030_KEY)
    assert (entry.serial, entry.method, entry.secret, entry.digits) == ("987654321", "hotp", SEED, 8)


@pytest.mark.parametrize("unlock", ["0" * 32, "not hex", "12"])
def test_another_key_opens_nothing(unlock: str) -> None:
    assert fault_of(RFC_6030_FIGURE_6.encode(), unlock) is Fault.WRONG_KEY


def test_a_changed_cipher_text_is_noticed_by_its_mac() -> None:
    damaged = RFC_6030_FIGURE_6.replace("Su+NvtQf", "Su+NvtQg").encode()
    assert fault_of(damaged, RFC_6030_KEY) is Fault.WRONG_KEY


def test_a_file_under_a_password_is_read_with_it_only() -> None:
    data = encrypted("qwerty")
    assert entry_of(data, "qwerty").counter == 3
    assert fault_of(data) is Fault.NEEDS_KEY
    assert fault_of(data, "wrong") is Fault.WRONG_KEY


def test_a_file_cannot_ask_for_endless_work(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encrypted("qwerty").replace(b">1000<", f">{MOST_ITERATIONS + 1}<".encode())
    monkeypatch.delattr(type(PSKC().encryption), "derive_key")
    assert fault_of(data, "qwerty") is Fault.ITERATIONS


@pytest.mark.row("A-1.5.1")
@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;]>',
        "<!DOCTYPE x>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_document_type_is_read_whatever_it_declares(declared: str, encoding: str) -> None:
    text = pskc(package("&b;", more="")).decode().replace("&b;", "1")
    text = text.replace('encoding="UTF-8"?>', f'encoding="{encoding}"?>{declared}')
    assert fault_of(text.encode(encoding)) is Fault.DTD


def test_depth_has_an_end() -> None:
    deep = b"<a>" * (DEEPEST + 1) + b"</a>" * (DEEPEST + 1)
    assert fault_of(deep) is Fault.TOO_DEEP
    assert fault_of(b"<a>" * 100_000) is Fault.TOO_DEEP


@pytest.mark.parametrize("data", [b"<", b"<KeyContainer>", b"<html></html>", b"<KeyContainer Version='9'/>", b"<\x00>"])
def test_what_is_no_pskc_file_is_refused(data: bytes) -> None:
    assert fault_of(data) is Fault.NOT_XML


def test_a_file_without_keys_says_so() -> None:
    assert fault_of(pskc()) is Fault.EMPTY


@pytest.mark.row("N-01")
@pytest.mark.row("N-02")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (package("1", secret=SEED[:13]), Reason.SHORT_SEED),
        (package("1", "totp", more=INTERVAL.format(121)), Reason.PERIOD),
        (package("1", "totp", more=INTERVAL.format(0)), Reason.PERIOD),
        (package("1", "ocra"), Reason.METHOD),
        (package("1", digits="7"), Reason.DIGITS),
        (package("1", encoding="HEXADECIMAL"), Reason.DIGITS),
        (package("1", suite="<Suite>HMAC-MD5</Suite>"), Reason.ALGORITHM),
        (package("1", policy="<Policy><KeyUsage>Encrypt</KeyUsage></Policy>"), Reason.POLICY),
        (package("1", policy="<Policy><ExpiryDate>2001-01-01T00:00:00Z</ExpiryDate></Policy>"), Reason.POLICY),
        (package("1", policy='<Policy><PINPolicy PINUsageMode="Prepend"/></Policy>'), Reason.POLICY),
        (package("1", policy="<Policy><Unheard/></Policy>"), Reason.POLICY),
    ],
)
def test_a_token_that_may_not_be_imported_is_refused_alone(text: str, reason: Reason) -> None:
    good, bad = files.read(pskc(package("7"), text))
    assert good.entry is not None
    assert bad.refused is reason
