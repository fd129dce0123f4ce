from __future__ import annotations

import base64
import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django_otp import oath as django_otp_oath

from mfa.oath.codes import DIGITS, HASHES, Token
from tests.services.servers.processes import find_program
from tests.services.started import started

SEED = b"1234567890"
RFC_6238_SECRETS = {"SHA1": SEED * 2, "SHA256": SEED * 3 + b"12", "SHA512": SEED * 6 + b"1234"}
RFC_6238 = {
    59: ("94287082", "46119246", "90693936"),
    1111111109: ("07081804", "68084774", "25091201"),
    1111111111: ("14050471", "67062674", "99943326"),
    1234567890: ("89005924", "91819424", "93441116"),
    2000000000: ("69279037", "90698825", "38618901"),
    20000000000: ("65353130", "77737706", "47863826"),
}
RFC_4226 = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")


@pytest.mark.parametrize(
    ("seconds", "algorithm", "code"),
    [
        (seconds, algorithm, code)
        for seconds, row in RFC_6238.items()
        for algorithm, code in zip(HASHES, row, strict=True)
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, algorithm: str, code: str) -> None:
    token = Token(RFC_6238_SECRETS[algorithm], algorithm, digits=8)
    assert token.code(token.step_at(datetime.fromtimestamp(seconds, UTC))) == code


@pytest.mark.parametrize(("counter", "code"), list(enumerate(RFC_4226)))
def test_codes_are_those_of_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert Token(SEED * 2).code(counter) == code


def test_codes_are_those_of_django_otp() -> None:
    secret = secrets.token_bytes(20)
    for step in range(0, 60_000_000, 777_777):
        for digits in DIGITS:
            expected = str(django_otp_oath.hotp(secret, step, digits)).zfill(digits)
            assert Token(secret, digits=digits).code(step) == expected


@contextlib.contextmanager
def installed(name: str) -> Iterator[str]:
    yield find_program(name, package=name)


@pytest.fixture
def oathtool() -> Iterator[str]:
    with started(installed("oathtool")) as path:
        yield path


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("digits", DIGITS)
@pytest.mark.parametrize("period", [30, 60])
def test_codes_are_those_of_oathtool(oathtool: str, algorithm: str, digits: int, period: int) -> None:
    secret = secrets.token_bytes(20)
    moment = datetime(2026, 3, 2, 9, 31, 4, tzinfo=UTC)
    answer = subprocess.run(
        [oathtool, f"--totp={algorithm}", f"--digits={digits}", f"--time-step-size={period}s",
         f"--now={moment:%Y-%m-%d %H:%M:%S} UTC", "--window=3", "--base32", "-"],
        input=base64.b32encode(secret), capture_output=True, check=True,
    )  # fmt: skip
    token = Token(secret, algorithm, digits, period)
    step = token.step_at(moment)
    assert answer.stdout.decode().split() == [token.code(step + ahead) for ahead in range(4)]


def test_a_code_keeps_its_leading_zeros() -> None:
    token = Token(SEED * 2)
    lengths = {len(token.code(step)) for step in range(2000)}
    assert lengths == {6}
    assert any(token.code(step).startswith("00") for step in range(2000))


@pytest.mark.row("N-01")
@pytest.mark.parametrize("length", [0, 1, 10, 13])
def test_a_secret_under_112_bits_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="at least 14 bytes"):
        Token(bytes(length))


@pytest.mark.row("N-02")
@pytest.mark.parametrize("period", [121, 3600, 0, -30])
def test_a_code_that_changes_less_than_every_two_minutes_is_refused(period: int) -> None:
    with pytest.raises(ValueError, match="120 seconds"):
        Token(SEED * 2, period=period)


@pytest.mark.row("N-02")
def test_two_minutes_are_still_allowed() -> None:
    assert Token(SEED * 2, period=120).period == 120


@pytest.mark.parametrize("digits", [0, 4, 5, 7, 9, 10])
@pytest.mark.row("A-6.5.4")
def test_a_code_of_unusual_length_is_refused(digits: int) -> None:
    with pytest.raises(ValueError, match="6 or 8"):
        Token(SEED * 2, digits=digits)


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(ValueError, match="SHA1, SHA256, SHA512"):
        Token(SEED * 2, algorithm="MD5")


def test_a_token_in_a_traceback_does_not_show_its_secret() -> None:
    assert "1234567890" not in repr(Token(SEED * 2))
    assert base64.b32encode(SEED * 2).decode() not in repr(Token(SEED * 2))


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "12345a", "１２３４５６", "12 456", "-12345", "+12345", "12345\n"]
)
def test_only_six_plain_digits_have_the_shape_of_a_code(text: str) -> None:
    assert not Token(SEED * 2).fits(text)


def test_no_step_before_1970_has_a_code() -> None:
    token = Token(SEED * 2)
    assert token.match("", range(1, 3)) == []
    assert token.code(-1) == ""


@pytest.mark.parametrize("digits", [6, 8])
def test_a_code_matches_the_steps_that_show_it_and_no_other(digits: int) -> None:
    token = Token(b"12345678901234567890", digits=digits)
    for step in (0, 1, 37_037_036, 2**33):
        assert token.match(token.code(step), range(step - 3, step + 4)) == [step]
    zeros = next(step for step in range(1000) if token.code(step).startswith("0"))
    assert token.match(token.code(zeros).lstrip("0"), [zeros]) == []
    assert token.match("\u0661" * digits, [zeros]) == []
