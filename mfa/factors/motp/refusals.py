"""Why an mOTP code was not taken, as far as arithmetic can tell, in words for its owner."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext as _

from mfa.outcomes import MOTP_DIFFERS, TYPED_TOO_LATE, UPPER_CASE, ClockWrong, Refused, WrongCode


class UpperCase(Refused):
    """The code would be right in lower case.

    Whoever guesses learns no more from this than from guessing in lower case, so it costs nothing; and the code stays
    good, because it was not used.
    """

    costs: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(UPPER_CASE)

    @property
    def words(self) -> str:
        return _("That code is right, but typed in upper case, which routers refuse. Type it in lower case letters.")


class JustExpired(ClockWrong):
    """The code was right some seconds ago."""

    def __init__(self, drift_seconds: int) -> None:
        super().__init__(TYPED_TOO_LATE, drift_seconds)

    @property
    def words(self) -> str:
        return _(
            "That code expired while it was typed: it was right %(seconds)d seconds ago. Type a new one right after "
            "it appears. If this comes again, the phone's clock is late: switch on automatic time."
        ) % {"seconds": -self.drift_seconds}


class SecretOrPinDiffers(WrongCode):
    """No moment near now has this code: app and portal do not work with the same secret and PIN."""

    def __init__(self) -> None:
        super().__init__(MOTP_DIFFERS)

    @property
    def words(self) -> str:
        return _(
            "The secret or the PIN differs: no code near this time is like that. Check the PIN that you type into the "
            "app. If it is right, change the PIN or renew the secret here."
        )
