"""One-time codes that are handed out: issue and spend. Only a keyed hash is kept; the code itself is in the message."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts.models import User
from mfa.kinds import Purpose
from mfa.models import OneTimeCode
from mfa.outcomes import CODE_EXPIRED, CODE_SPENT, Expired, Replayed, Result, WrongCode, WrongShape

DIGITS = "0123456789"
UNAMBIGUOUS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Letters and digits that are not mistaken for each other when read aloud or copied (no I, L, O, U, 0, 1)."""

_SEPARATORS = str.maketrans("", "", " \u00a0\t-\u2010\u2011\u2012\u2013\u2014")

TRIES = 5
"""Wrong tries after which a code is dead (OWASP ASVS 6.6.3)."""

Ending = OneTimeCode.Ending


@dataclass(frozen=True, slots=True)
class Issued:
    """`code` is the text to send, `row.token` names the challenge it answers."""

    code: str
    row: OneTimeCode


def compact(typed: str) -> str:
    """A code as it is judged: the blanks and dashes that apps show within it are for reading."""
    return typed.replace(" ", "").replace("-", "")


def read_out(typed: str, *, length: int) -> str:
    """A code of UNAMBIGUOUS as it was drawn: upper case, without the separators people read out; empty where that
    cannot be one of this length."""
    code = typed.translate(_SEPARATORS).upper()
    return code if len(code) == length and set(code) <= set(UNAMBIGUOUS) else ""


@transaction.atomic
def issue(
    user: User,
    purpose: Purpose,
    *,
    length: int,
    alphabet: str = DIGITS,
    lifetime: timedelta,
    now: datetime,
    target: str = "",
    kind: str = "",
    issued_by: User | None = None,
) -> Issued:
    """A new code of `length` characters; the live one of this person and purpose, if any, ends.

    `target` is what a right answer decides about (a new phone number in E.164) and is bound to the code, as is the
    `kind` of factor that sends it: a code by mail is none by SMS.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    OneTimeCode.objects.filter(user=user, purpose=purpose, ending=Ending.LIVE).update(
        ending=Ending.REPLACED, ended_at=now
    )
    code = "".join(secrets.choice(alphabet) for _ in range(length))
    row = OneTimeCode(
        user=user, purpose=purpose, target=target, kind=kind, created_at=now, expires_at=now + lifetime,
        issued_by=issued_by,
    )  # fmt: skip
    row.code_hash = _hash(row.token, code)
    row.save()
    return Issued(code, row)


def issue_many(
    targets: Mapping[int, str], purpose: Purpose, *, length: int, alphabet: str, now: datetime, until: datetime
) -> dict[int, Issued]:
    """A new code for each person by primary key, with what it decides about; their live ones of this purpose end. A few
    statements for all. Joins the transaction of the caller, who holds the people's rows."""
    live = OneTimeCode.objects.filter(user__in=list(targets), purpose=purpose, ending=Ending.LIVE)
    live.update(ending=Ending.REPLACED, ended_at=now)
    issued = {}
    for pk, target in targets.items():
        code = "".join(secrets.choice(alphabet) for _ in range(length))
        row = OneTimeCode(user_id=pk, purpose=purpose, target=target, created_at=now, expires_at=until)
        row.code_hash = _hash(row.token, code)
        issued[pk] = Issued(code, row)
    OneTimeCode.objects.bulk_create([one.row for one in issued.values()], batch_size=1000)
    return issued


def spend(
    user: User, purpose: Purpose, token: str, text: str, *, wrong: Result, now: datetime, kind: str = ""
) -> OneTimeCode:
    """Use up the code that challenge `token` sent, or raise Refused (with `wrong` where the text is not the code, and
    WrongShape where another kind of factor sent it: that is nothing to guess at here).

    Runs in the caller's transaction, which must commit on a refusal too: the try is counted in the row.
    """
    row = OneTimeCode.objects.select_for_update().filter(user=user, purpose=purpose, token=token).first()
    if row is None:
        raise WrongCode(wrong)
    if row.kind != kind:
        raise WrongShape
    _refuse_ended(row, now)
    if not hmac.compare_digest(row.code_hash, _hash(row.token, text)):
        row.failures += 1
        if row.failures >= TRIES:
            _end(row, Ending.WORN_OUT, now)
        row.save(update_fields=["failures", "ending", "ended_at"])
        raise WrongCode(wrong)
    _end(row, Ending.SPENT, now)
    row.save(update_fields=["ending", "ended_at"])
    return row


def is_right(row: OneTimeCode | None, text: str, *, now: datetime) -> bool:
    """Whether the text is this code, which could be spent now; as slow for a row that is not there. It counts no try:
    whoever asks counts them elsewhere."""
    same = hmac.compare_digest(row.code_hash if row else "", _hash(row.token if row else "", text))
    return row is not None and same and not row.ending and row.created_at - timedelta(minutes=1) <= now < row.expires_at


def _refuse_ended(row: OneTimeCode, now: datetime) -> None:
    if row.ending == Ending.SPENT:
        raise Replayed(CODE_SPENT)
    if row.ending or row.expires_at <= now or row.created_at > now + timedelta(minutes=1):
        raise Expired(CODE_EXPIRED)


def _end(row: OneTimeCode, ending: OneTimeCode.Ending, now: datetime) -> None:
    row.ending = ending
    row.ended_at = now


def _hash(token: str, code: str) -> str:
    return salted_hmac("mfa.codes", f"{token}:{code}", algorithm="sha256").hexdigest()
