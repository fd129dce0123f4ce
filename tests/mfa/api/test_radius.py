"""What was typed into one field at a gateway, and who is meant by a name with a domain."""

from __future__ import annotations

import pytest

from mfa.api import radius
from mfa.models import Application

Mode = Application.Mode


@pytest.mark.row("T-67d")
@pytest.mark.parametrize(
    ("typed", "password", "code"),
    [
        ("hunter2123456", "hunter2", "123456"),
        ("hunter99123456", "hunter99", "123456"),
        ("correct horse battery123456", "correct horse battery", "123456"),
        ("123456", "", "123456"),
        ("hunter2a1b2c3", "hunter2", "a1b2c3"),
        ("hunter2A1B2C3", "hunter2", "A1B2C3"),
        ("hunter2secret", "hunter2secret", ""),
        ("secret", "secret", ""),
        ("hunter2", "hunter2", ""),
        ("12345", "", "12345"),
        ("", "", ""),
    ],
)
def test_the_end_of_one_field_is_the_code_where_it_can_be_one(typed: str, password: str, code: str) -> None:
    application = Application(mode=Mode.PASSWORD_AND_CODE, code_length=6)
    assert radius.split(application, typed) == (password, code)


@pytest.mark.row("T-67d")
@pytest.mark.parametrize(
    ("typed", "password", "code"),
    [
        ("hunter2,123456", "hunter2", "123456"),
        ("with,comma,12345678", "with,comma", "12345678"),
        ("hunter2", "hunter2", ""),
        ("hunter2,", "hunter2", ""),
        (",123456", "", "123456"),
    ],
)
def test_behind_the_last_separator_stands_the_code(typed: str, password: str, code: str) -> None:
    application = Application(mode=Mode.PASSWORD_AND_CODE, separator=",")
    assert radius.split(application, typed) == (password, code)
