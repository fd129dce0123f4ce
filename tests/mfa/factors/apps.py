"""An authenticator app, what it shows, and what the service says to that."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from mfa.factors.totp.factor import token_of
from mfa.kinds import Answer
from mfa.models import Factor
from mfa.oath.codes import Token
from mfa.oath.steps import Memory
from mfa.outcomes import Result
from mfa.verification.service import Attempt, Verdict, verify

STEP = timedelta(seconds=30)
SECRET = b"12345678901234567890"


def app_of(user: User, *, now: datetime, **parameters: object) -> Factor:
    """An app whose first code was used long before `now`."""
    token = Token(SECRET, **parameters)  # type: ignore[arg-type]
    factor = Factor(user=user, kind="totp", name="Phone", confirmed=True, created_at=now)
    factor.seal(SECRET)
    factor.state = {"algorithm": token.algorithm, "digits": token.digits, "period": token.period}
    factor.state |= Memory(last=token.step_at(now) - 100_000).state()
    factor.save()
    return factor


def shown(factor: Factor, at: datetime) -> str:
    """What an app whose clock says `at` shows."""
    token = token_of(factor)
    return token.code(token.step_at(at))


def judge(user: User, text: str, now: datetime) -> Verdict:
    return verify(Attempt(user, Answer(text), "portal", "192.0.2.7", kind="totp"), now=now)


def result_of(user: User, text: str, now: datetime) -> Result:
    return judge(user, text, now).result


def wrong_code(factor: Factor, now: datetime) -> str:
    """A code of no moment near `now`."""
    near = {shown(factor, now + STEP * steps) for steps in range(-250, 250)}
    return next(f"{number:06d}" for number in range(1_000_000) if f"{number:06d}" not in near)
