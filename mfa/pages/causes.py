"""Why a sign-in was refused, in the words a person's own history uses; the log keeps the exact ones."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mfa import outcomes

WRONG_CODE = _("wrong code")
USED = _("code used before")
TOO_MANY = _("too many wrong codes")

CAUSES: dict[outcomes.Result, str | Promise] = {
    outcomes.PASSWORD_WRONG: _("wrong"),
    outcomes.OATH_INCORRECT: WRONG_CODE,
    outcomes.SMS_INCORRECT: WRONG_CODE,
    outcomes.EMAIL_INCORRECT: WRONG_CODE,
    outcomes.RECOVERY_INCORRECT: WRONG_CODE,
    outcomes.ACTIVATION_INCORRECT: WRONG_CODE,
    outcomes.WRONG_SHAPE: WRONG_CODE,
    outcomes.OATH_DUPLICATE: USED,
    outcomes.CODE_SPENT: USED,
    outcomes.CODE_EXPIRED: _("code expired"),
    outcomes.OATH_OUT_OF_DATE: _("the phone's clock was wrong"),
    outcomes.UPPER_CASE: _("typed in upper case"),
    outcomes.ACCOUNT_LOCKED: TOO_MANY,
    outcomes.FACTOR_DISABLED: TOO_MANY,
    outcomes.PASSKEY_INCORRECT: _("its answer was not right"),
    outcomes.PASSKEY_UNKNOWN: _("not of this account"),
    outcomes.PASSKEY_UNVERIFIED: _("it did not ask who uses it"),
    outcomes.PASSKEY_OUT_OF_TIME: _("it took too long"),
    outcomes.PASSKEY_REPLAYED: USED,
    outcomes.PASSKEY_COUNTER: _("it may have been copied"),
    outcomes.SMS_NOT_SENT: _("the message could not be sent"),
    outcomes.EMAIL_NOT_SENT: _("the message could not be sent"),
    outcomes.DIRECTORY_UNREACHABLE: _("the directory was out of reach"),
    outcomes.USER_DISABLED: _("the account was not active"),
}

BY_CODE = {result.code: words for result, words in CAUSES.items()}


def words(code: int) -> str:
    """Nothing for an acceptance, and for causes that only an operator can do something about."""
    return str(BY_CODE.get(code, ""))
