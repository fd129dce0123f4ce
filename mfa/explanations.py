"""What each result in the authentication log means to the person it happened to, and what they can do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy as lazy

from mfa import applications, kinds, outcomes
from mfa.kinds import FactorKind, Purpose
from mfa.models import AuthenticationRecord, Factor
from mfa.notes import CardAction
from mfa.outcomes import ClockWrong
from mfa.tokens.judging import TokenClockWrong

Words = tuple[str | Promise, str | Promise]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`words` say what happened, `advice` what to do; empty where there is nothing to do."""

    tone: str
    words: str
    advice: str


WRONG: Words = (lazy("The code was wrong"), lazy("Check that it is of this account, and type the next one."))
USED: Words = (lazy("The code had been used already"), lazy("Each works once. Wait for the next one and type that."))
NOT_SENT: Words = (
    lazy("The message was not handed over"),
    lazy("Check the address or number, or use another way if you have one."),
)
HELPDESK = lazy("Ask helpdesk.")

REFUSED: dict[outcomes.Result, Words] = {
    outcomes.PASSWORD_WRONG: (lazy("The password was wrong"), lazy("Check the keyboard's language and capitals.")),
    outcomes.OATH_INCORRECT: WRONG,
    outcomes.SMS_INCORRECT: WRONG,
    outcomes.EMAIL_INCORRECT: WRONG,
    outcomes.RECOVERY_INCORRECT: (lazy("The recovery code was wrong"), lazy("Use the newest list.")),
    outcomes.ACTIVATION_INCORRECT: (lazy("The activation code was wrong"), lazy("Use the newest one from helpdesk.")),
    outcomes.TEMPORARY_INCORRECT: (lazy("The temporary access code was wrong"), lazy("Use the newest from helpdesk.")),
    outcomes.TEMPORARY_OVER: (
        lazy("The temporary access code is over"),
        lazy("Ask helpdesk for a new one; no clock is the cause."),
    ),
    outcomes.WRONG_SHAPE: (lazy("What was typed is no code of yours"), lazy("Check that all of it was typed.")),
    outcomes.OATH_DUPLICATE: USED,
    outcomes.CODE_SPENT: USED,
    outcomes.CODE_EXPIRED: (lazy("The code had expired"), lazy("Ask for a new one; no clock is the cause.")),
    outcomes.UPPER_CASE: (lazy("The code was typed in upper case"), lazy("Type its letters as the app shows them.")),
    outcomes.MOTP_DIFFERS: (
        lazy("The secret or the PIN differs"),
        lazy("Check the PIN that you type into the app. If it is right, change it or renew the secret."),
    ),
    outcomes.TYPED_TOO_LATE: (
        lazy("The code expired while it was typed"),
        lazy("Type a new one right after it appears."),
    ),
    outcomes.TOKEN_AHEAD: (
        lazy("The token made codes that were not used"),
        lazy("Bring it in step with two codes in a row."),
    ),
    outcomes.ACCOUNT_LOCKED: (lazy("Too many wrong tries before"), lazy("Wait as the page says, then try once.")),
    outcomes.SOURCE_HELD_UP: (
        lazy("Too many wrong answers about other people came from your network"),
        lazy("Try again in an hour, or from another network."),
    ),
    outcomes.FACTOR_LOST: (lazy("The factor was reported lost"), lazy("Bring it back with another one, or use that.")),
    outcomes.FACTOR_DISABLED: (lazy("The factor does not work any more"), HELPDESK),
    outcomes.PASSKEY_INCORRECT: (
        lazy("The passkey's answer was wrong"),
        lazy("Try it again, or use another way if you have one."),
    ),
    outcomes.PASSKEY_UNKNOWN: (lazy("The passkey is not of this account"), lazy("Choose the one of this account.")),
    outcomes.PASSKEY_UNVERIFIED: (
        lazy("The passkey did not ask who uses it"),
        lazy("Give it a PIN or fingerprint, or use another way if you have one."),
    ),
    outcomes.PASSKEY_OUT_OF_TIME: (lazy("The passkey took too long"), lazy("Load the page again and try once more.")),
    outcomes.PASSKEY_REPLAYED: USED,
    outcomes.PASSKEY_COUNTER: (lazy("The passkey may have been copied"), lazy("Remove it and set up a new one.")),
    outcomes.SMS_NOT_SENT: NOT_SENT,
    outcomes.EMAIL_NOT_SENT: NOT_SENT,
    outcomes.SENDING_LIMIT: (
        lazy("Too many messages in a short time"),
        lazy("Wait some minutes, or use another way if you have one."),
    ),
    outcomes.PROMPT_OVER: (lazy("The question was answered or too old"), lazy("Connect again from the beginning.")),
    outcomes.NOTHING_ENROLLED: (
        lazy("You have no factor that is accepted there"),
        lazy("Set one up on your first page."),
    ),
    outcomes.KIND_NOT_TAKEN: (
        lazy("The application does not take the kinds of factors that you have"),
        lazy("Set up another kind on your first page."),
    ),
    outcomes.KIND_RULED_OUT: (
        lazy("A rule of your organisation does not count the kinds that you have"),
        lazy("Sign in to the portal with one and set up another kind."),
    ),
    outcomes.FACTOR_NEW: (
        lazy("The factor was new after a reset or other help from helpdesk"),
        lazy("It is taken there some hours later."),
    ),
    outcomes.DIRECTORY_UNREACHABLE: (lazy("The directory was out of reach"), lazy("Try again in a minute.")),
    outcomes.PAP_NEEDED: (lazy("The gateway did not pass on what was typed"), lazy("Tell those who run the VPN.")),
    outcomes.USER_DISABLED: (lazy("The account was not active"), HELPDESK),
    outcomes.UNREADABLE: (lazy("The portal could not read the factor"), HELPDESK),
}
ASKED: dict[outcomes.Result, str | Promise] = {
    outcomes.SMS_SENT: lazy("Asked for a code, which was sent"),
    outcomes.CODE_PENDING: lazy("Asked for a code"),
}
NO_CODE = (outcomes.REMEMBERED, outcomes.REMEMBERED_AT_APPLICATION, outcomes.REMEMBERED_AT_ADDRESS)
RIGHT: dict[str, str | Promise] = {
    Purpose.PROOF: lazy("Confirmed that it was you"),
    Purpose.TEST: lazy("Tried a factor: it works"),
}
_BY_CODE = {result.code: words for result, words in REFUSED.items()}
_ASKED = {result.code: words for result, words in ASKED.items()}
_DRIFT = re.compile(r"[+-]\d+ s")
_FROM = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d[+-]\d\d:\d\d")
MENDED_BY_ITS_KIND = (
    outcomes.OATH_OUT_OF_DATE, outcomes.TYPED_TOO_LATE, outcomes.MOTP_DIFFERS, outcomes.TOKEN_AHEAD
)  # fmt: skip
TO_SET_UP_ANEW = (outcomes.SMS_NOT_SENT, outcomes.EMAIL_NOT_SENT, outcomes.RECOVERY_INCORRECT, outcomes.UNREADABLE)


def of(record: AuthenticationRecord) -> Explanation:
    """The record in words for its owner; never the log's own."""
    if record.accepted:
        spared = record.code in {result.code for result in NO_CODE}
        words = RIGHT.get(record.purpose, _("Signed in; no code was needed") if spared else _("Signed in"))
        return Explanation("ok", str(words), "")
    if record.code in _ASKED:
        return Explanation("info", str(_ASKED[record.code]), "")
    if record.code == outcomes.OATH_OUT_OF_DATE.code and _DRIFT.fullmatch(record.cause):
        return _clock(int(record.cause[:-2]), kinds.registry().get(record.kind))
    if record.code == outcomes.FACTOR_NEW.code and (until := _FROM.search(record.cause)):
        return _too_new(datetime.fromisoformat(until[0]))
    words, advice = _BY_CODE.get(record.code, (_("It was refused"), HELPDESK))
    return Explanation("warn", str(words), str(advice))


def kind_words(record: AuthenticationRecord) -> str:
    """What was tried, as its owner calls it; empty where the log names nothing that is known."""
    kind = kinds.registry().get(record.kind)
    by_password = _("Password") if record.kind == "password" else ""
    return str(kind.label) if kind else by_password


def place_words(record: AuthenticationRecord, names: dict[str, str]) -> str:
    """Where it was tried, by the `names` of `applications.names`."""
    own = record.application in applications.OWN
    return _("this portal") if own else names.get(record.application, record.application)


def mends(record: AuthenticationRecord, factors: list[Factor]) -> list[CardAction]:
    """The pages that mend the cause of a refusal, one click away, for its owner."""
    kind = kinds.registry().get(record.kind)
    if record.accepted or kind is None:
        return []
    if record.code in {result.code for result in MENDED_BY_ITS_KIND}:
        return [action for one in factors if one.kind == kind.slug and one.confirmed for action in kind.mends(one)]
    url = kind.add_url()
    if url and record.code in {result.code for result in TO_SET_UP_ANEW}:
        return [CardAction(_("Set it up again: %(label)s") % {"label": kind.label}, url)]
    return []


def _too_new(until: datetime) -> Explanation:
    advice = _("It is taken there from %(at)s on.") % {"at": outcomes.day_and_time(until)}
    return Explanation("warn", str(_BY_CODE[outcomes.FACTOR_NEW.code][0]), advice)


def _clock(seconds: int, kind: FactorKind | None) -> Explanation:
    """In the words that the page had at that moment: one sentence for the fault, one for the mend."""
    refusal = TokenClockWrong if kind is not None and not kind.on_phone else ClockWrong
    fault, _dot, advice = refusal(outcomes.OATH_OUT_OF_DATE, seconds).words.partition(". ")
    return Explanation("warn", fault, advice)
