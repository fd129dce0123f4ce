"""mOTP codes against known ones, and against what routers run: a shell with md5sum, cut and date."""

from __future__ import annotations

import secrets
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mfa.factors.motp.algorithm import Motp

KEY, PIN = "0123456789abcdef", "1234"
OTPVERIFY = """
epoch=$(date -u -d "$1" +%s)
printf '%s' "${epoch%?}$2$3" | md5sum | cut -b 1-6
"""
"""As `otpverify.sh` makes a code: the time without its last digit, the secret, the PIN."""


@pytest.mark.parametrize(
    ("step", "pin", "code"),
    [
        (129612120, "6666", "6ed4e4"),
        (129612130, "6666", "502a59"),
        (129612244, "77777777", "7abf75"),
        (129612253, "77777777", "4d4ac4"),
    ],
)
def test_codes_are_those_of_known_vectors(step: int, pin: str, code: str) -> None:
    """Those that privacyIDEA tests with; its "epoch" is the number of the step."""
    assert Motp(KEY, pin).code(step) == code


@pytest.mark.parametrize("length", [16, 32])
@pytest.mark.parametrize("pin", ["0000", "98765", "1234567890123456"])
def test_codes_are_those_of_a_shell_with_md5sum(length: int, pin: str, tmp_path: Path) -> None:
    script = tmp_path / "otpverify.sh"
    script.write_text(OTPVERIFY)
    secret = secrets.token_hex(length // 2)
    for moment in (datetime(2026, 3, 2, 9, 31, 4, tzinfo=UTC), datetime(2036, 12, 31, 23, 59, 59, tzinfo=UTC)):
        command = ["/bin/sh", str(script), moment.isoformat(), secret, pin]
        shown = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
        motp = Motp(secret, pin)
        assert motp.code(motp.step_at(moment)) == shown


def test_codes_are_lower_case_and_change_every_ten_seconds() -> None:
    motp = Motp(KEY, PIN)
    assert all(motp.code(step) == motp.code(step).lower() for step in range(200))
    assert motp.step_at(datetime.fromtimestamp(19, UTC)) == 1
    assert motp.step_at(datetime.fromtimestamp(20, UTC)) == 2


@pytest.mark.parametrize("secret", ["", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdeg", "0" * 24, "0" * 33])
def test_a_secret_of_another_shape_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="16 or 32 hex digits"):
        Motp(secret, PIN)


@pytest.mark.parametrize("pin", ["", "123", "1" * 17, "12a4", "１２３４", "12 34"])
def test_a_pin_of_another_shape_is_refused(pin: str) -> None:
    with pytest.raises(ValueError, match="4 to 16 digits"):
        Motp(KEY, pin)


def test_neither_secret_nor_pin_is_in_a_traceback() -> None:
    shown = repr(Motp(KEY, "987654"))
    assert KEY not in shown
    assert "987654" not in shown


def test_what_is_sealed_opens_again() -> None:
    assert Motp.unpacked(Motp(KEY, PIN).packed()) == Motp(KEY, PIN)
