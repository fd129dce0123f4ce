"""A factor whose row is damaged says no, with an alarm; the attempt is logged and nothing breaks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from accounts.models import User
from mfa.applications import TRYING
from mfa.kinds import Answer
from mfa.models import AuthenticationRecord, Factor
from mfa.outcomes import UNREADABLE
from mfa.verification.service import Attempt, verify

SEED, CODES = b"12345678901234567890", b'{"codes": [{"index": "ABC"}]}'
FULL: dict[str, Any] = {"algorithm": "SHA1", "digits": 6, "period": 30}


@pytest.mark.parametrize(
    ("kind", "secret", "state", "answer"),
    [
        ("totp", SEED, {}, "123456"),
        ("totp", SEED, FULL | {"algorithm": "MD5"}, "123456"),
        ("totp", SEED, FULL | {"last_step": "yesterday"}, "123456"),
        ("totp", SEED, FULL | {"told": None}, "123456"),
        ("motp", b"0123456789abcdef:1234", {"window": []}, "abcdef"),
        ("motp", b"no secret", {}, "abcdef"),
        ("recovery", b"no json", {"left": 3}, "0" * 16),
        ("recovery", b'{"shown": []}', {"left": 3}, "0" * 16),
        ("recovery", CODES, {"left": 3}, "0" * 16),
    ],
)
def test_a_damaged_factor_says_no(
    alice: User, now: datetime, kind: str, secret: bytes, state: dict[str, Any], answer: str
) -> None:
    factor = Factor(user=alice, kind=kind, name=kind, confirmed=True, state=state)
    factor.seal(secret)
    factor.save()
    assert verify(Attempt(alice, Answer(answer), TRYING, "203.0.113.9"), now=now).result is UNREADABLE
    assert AuthenticationRecord.objects.get().code == UNREADABLE.code
