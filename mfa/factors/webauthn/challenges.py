"""A challenge is answered once, whatever several requests of one session, or a restored session, believe."""

from __future__ import annotations

import hashlib
from datetime import datetime

from webauthn.helpers import bytes_to_base64url

from accounts.models import User
from mfa.factors.webauthn.refusals import OutOfTime, UsedBefore
from mfa.kinds import Purpose
from mfa.models import OneTimeCode


def use(user: User, purpose: Purpose, challenge: str, *, now: datetime) -> None:
    """Use a challenge up, right or wrong: the unique row that notes it decides between two at once. Joins the caller's
    transaction, which must commit on a refusal too. Raises OutOfTime where there is none, UsedBefore."""
    if not challenge:
        raise OutOfTime
    ended = {"created_at": now, "expires_at": now, "ending": OneTimeCode.Ending.SPENT, "ended_at": now}
    token = bytes_to_base64url(hashlib.sha256(challenge.encode()).digest())
    _, is_first = OneTimeCode.objects.get_or_create(
        token=token, defaults={"user": user, "purpose": purpose.value, "code_hash": ""} | ended
    )
    if not is_first:
        raise UsedBefore
