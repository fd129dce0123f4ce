"""Every way an attempt can end: its number and meaning for the log, and the words a signed-in person reads.

Numbers up to 999 and below zero are the field's (the result codes RADIUS logs have long used); numbers above 1000 are
the portal's own, for what has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended. Only a result with `accepted` lets anybody in."""

    code: int
    meaning: str
    accepted: bool = False


SMS_VERIFIED = Result(19, "Text Message Authenticated", accepted=True)
OATH_VERIFIED = Result(23, "OATH Code Verified", accepted=True)
RECOVERY_VERIFIED = Result(1001, "Recovery Code Used", accepted=True)
PASSWORD_VERIFIED = Result(1002, "Password Verified, No Second Factor Enrolled", accepted=True)
ACTIVATED = Result(1003, "Activation Code Used", accepted=True)
EMAIL_VERIFIED = Result(1004, "Code By Mail Verified", accepted=True)
TEMPORARY_VERIFIED = Result(1005, "Temporary Access Code Used", accepted=True)
PASSKEY_VERIFIED = Result(1040, "Passkey Used, Person Verified By It", accepted=True)
PASSKEY_TOUCHED = Result(1041, "Passkey Used, Person Not Verified By It", accepted=True)

REMEMBERED = Result(6, "Used Cache", accepted=True)
REMEMBERED_AT_APPLICATION = Result(8, "Used Cache", accepted=True)
REMEMBERED_AT_ADDRESS = Result(9, "Used Cache", accepted=True)

SMS_SENT = Result(20, "Text Message Sent")
CODE_PENDING = Result(22, "OATH Code Pending")
ACCOUNT_LOCKED = Result(105, "Account Locked")
SMS_NOT_SENT = Result(120, "Text Message Could Not Be Sent")
SMS_INCORRECT = Result(122, "Text Message OTP Incorrect")
OATH_INCORRECT = Result(138, "OATH Code Incorrect")
OATH_DUPLICATE = Result(139, "Duplicate OATH Code")
OATH_OUT_OF_DATE = Result(140, "OATH Code Out Of Date")
USER_NOT_FOUND = Result(-101, "User Not Found")
USER_DISABLED = Result(-102, "User Disabled")
PASSWORD_WRONG = Result(1010, "Password Wrong")
DIRECTORY_UNREACHABLE = Result(1011, "Directory Out Of Reach")
NOTHING_ENROLLED = Result(1012, "No Second Factor Enrolled")
WRONG_SHAPE = Result(1013, "Answer Fits No Factor")
RECOVERY_INCORRECT = Result(1014, "Recovery Code Incorrect")
FACTOR_DISABLED = Result(1015, "Factor Disabled After Too Many Wrong Codes")
UNREADABLE = Result(1016, "Factor Cannot Be Read")
ACTIVATION_INCORRECT = Result(1017, "Activation Code Incorrect")
CODE_EXPIRED = Result(1018, "Code Expired")
CODE_SPENT = Result(1019, "Code Already Used")
SENDING_LIMIT = Result(1020, "Too Many Messages")
PROMPT_OVER = Result(1021, "Prompt Unknown, Used Or Expired")
FACTOR_LOST = Result(1022, "Factor Reported Lost")
SOURCE_HELD_UP = Result(1023, "Too Many Wrong Answers From This Address")
KIND_NOT_TAKEN = Result(1024, "No Factor That This Application Takes")
KIND_RULED_OUT = Result(1025, "Kind Of Factor Taken Away By A Rule")
FACTOR_NEW = Result(1026, "Factor New After A Reset")
UPPER_CASE = Result(1030, "Code Typed In Upper Case")
EMAIL_INCORRECT = Result(1031, "Code By Mail Incorrect")
EMAIL_NOT_SENT = Result(1032, "Code By Mail Could Not Be Sent")
MOTP_DIFFERS = Result(1033, "mOTP Secret Or PIN Differs")
TYPED_TOO_LATE = Result(1034, "Code Expired While Typed")
TOKEN_AHEAD = Result(1035, "Token Ahead Of Its Counter")
TEMPORARY_INCORRECT = Result(1036, "Temporary Access Code Incorrect")
CALLER_INCORRECT = Result(1037, "Code Read Back To Helpdesk Incorrect")
TEMPORARY_OVER = Result(1038, "Temporary Access Code Over, By Its Hours Or Uses")
PASSKEY_INCORRECT = Result(1042, "Passkey Answer Incorrect")
PASSKEY_UNKNOWN = Result(1043, "Passkey Of No Account Or Of Another One")
PASSKEY_UNVERIFIED = Result(1044, "Passkey Did Not Verify The Person")
PASSKEY_OUT_OF_TIME = Result(1045, "Passkey Answer Without A Live Challenge")
PASSKEY_REPLAYED = Result(1046, "Passkey Challenge Used Before")
PASSKEY_COUNTER = Result(1047, "Passkey Counter Went Back")
PAP_NEEDED = Result(1048, "No Password That Can Be Read (Set The Gateway To PAP)")


def day_and_time(moment: datetime) -> str:
    """A moment some days away, as the pages of people name it."""
    return date_format(timezone.localtime(moment), _("l, j M, H:i"))


class Refused(Exception):
    """An attempt that ends without a yes. `result` goes to the log, `words` only to who proved the password."""

    result: Result
    kind: str = ""
    """The kind of factor that said no, where one can be told: it goes to the log too."""
    cause: str = ""
    """What the log says instead of the result's meaning, where it knows more."""
    tells_cause: ClassVar[bool] = True
    costs: ClassVar[bool] = True
    """Whether it counts as a guess. Only what tells nothing that another guess would not tell may be free."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.meaning)
        self.result = result

    @property
    def words(self) -> str:
        return _("That code is not right. Check it and try again.")

    @property
    def words_alone(self) -> str:
        """The words for somebody to whom the page offers no other way."""
        return self.words


class WrongCode(Refused):
    """The code is not one that the factor gives."""

    tells_cause = False


class WrongShape(Refused):
    """The answer cannot be a code of the factor at all; it costs no guess."""

    costs = False

    def __init__(self) -> None:
        super().__init__(WRONG_SHAPE)

    @property
    def words(self) -> str:
        return _("That does not look like a code from this factor. Check that you typed all of it.")


class Replayed(Refused):
    """The code, or a newer one, was used before."""

    @property
    def words(self) -> str:
        return _("That code was used already. Wait for the next one and type that.")


class Expired(Refused):
    """The code was right once; its time is over."""

    @property
    def words(self) -> str:
        return _("That code has expired. Ask for a new one; your clock is not the cause.")


class ClockWrong(Refused):
    """The code is right for another moment. `drift_seconds` is how far the clock is ahead (+) or behind (-)."""

    def __init__(self, result: Result, drift_seconds: int) -> None:
        super().__init__(result)
        self.drift_seconds = drift_seconds
        self.cause = f"{drift_seconds:+d} s"

    @property
    def words(self) -> str:
        seconds = abs(self.drift_seconds)
        if self.drift_seconds < 0:
            fault = ngettext(
                "Your phone's clock is %(seconds)d second late.",
                "Your phone's clock is %(seconds)d seconds late.",
                seconds,
            )
        else:
            fault = ngettext(
                "Your phone's clock is %(seconds)d second early.",
                "Your phone's clock is %(seconds)d seconds early.",
                seconds,
            )
        return fault % {"seconds": seconds} + " " + _("Switch on automatic time on the phone, then type a new code.")


class Locked(Refused):
    """Too many wrong answers. `until` is None where only a person can unlock."""

    def __init__(self, result: Result, until: datetime | None) -> None:
        super().__init__(result)
        self.until = until

    @property
    def words(self) -> str:
        if self.until is None:
            return _("Too many wrong codes. This is locked until helpdesk unlocks it.")
        at = timezone.localtime(self.until).strftime("%H:%M:%S")
        return _("Too many wrong codes. Try again at %(at)s.") % {"at": at}


class HeldUp(Refused):
    """Too many wrong answers about several accounts came from the address; whose answer this is has no part in it."""

    costs = False

    def __init__(self) -> None:
        super().__init__(SOURCE_HELD_UP)

    @property
    def words(self) -> str:
        return _("Too many wrong answers came from your network. Try again in an hour, or from another network.")


class Unusable(Refused):
    """The factor cannot answer at all: disabled, unreadable, or none enrolled. What a page refuses without a log row
    says why in its own words."""

    def __init__(self, result: Result = NOTHING_ENROLLED, cause: str = "") -> None:
        super().__init__(result)
        self.cause = cause

    @property
    def words(self) -> str:
        return _("This factor cannot be used now. Use another way if you have one, or ask helpdesk.")


class TooNew(Refused):
    """The factor was set up after a reset or other help from helpdesk, and the application takes it from `until` on."""

    costs = False

    def __init__(self, until: datetime) -> None:
        super().__init__(FACTOR_NEW)
        self.until = until
        at = timezone.localtime(until).isoformat(" ", "minutes")
        self.cause = f"{FACTOR_NEW.meaning}: taken from {at}"

    @property
    def words(self) -> str:
        told = _("This factor is new after a reset or other help from helpdesk. It is taken here from %(at)s on.")
        return told % {"at": day_and_time(self.until)}


class TooManyMessages(Refused):
    """A sending limit was reached; the next message may leave at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(SENDING_LIMIT)
        self.until = until

    @property
    def words(self) -> str:
        at = timezone.localtime(self.until).strftime("%H:%M:%S")
        return _("The next message can be sent at %(at)s.") % {"at": at}
