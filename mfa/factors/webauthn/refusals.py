"""Why a passkey was refused: exact for the log, calm for the person."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext as _

from mfa.outcomes import (
    PASSKEY_COUNTER,
    PASSKEY_INCORRECT,
    PASSKEY_OUT_OF_TIME,
    PASSKEY_REPLAYED,
    PASSKEY_UNKNOWN,
    PASSKEY_UNVERIFIED,
    Refused,
    Result,
    Unusable,
)


class PasskeyRefused(Refused):
    """The browser's answer is not what the portal asked for: another site, another challenge, another signature."""

    exactly: ClassVar[Result] = PASSKEY_INCORRECT
    costs = False
    """A signature cannot be guessed, and whoever learns an id must not be able to wear the passkey out."""

    def __init__(self) -> None:
        super().__init__(self.exactly)

    @property
    def words(self) -> str:
        return _("The passkey gave an answer that is not right here. Try again, or choose another way.")

    @property
    def words_alone(self) -> str:
        return _(
            "The passkey gave an answer that is not right here. Try again. You have no other way: helpdesk can help."
        )


class NotOfThisAccount(PasskeyRefused):
    """No usable passkey of this person has the id that answered."""

    exactly = PASSKEY_UNKNOWN

    @property
    def words(self) -> str:
        return _("That passkey does not belong to this account. Choose another passkey, or another way.")

    @property
    def words_alone(self) -> str:
        return _("That passkey does not belong to this account. Choose the one that does, or ask helpdesk.")


class NotVerified(PasskeyRefused):
    """It was touched, yet asked for neither PIN, finger nor face, where it has to."""

    exactly = PASSKEY_UNVERIFIED

    @property
    def words(self) -> str:
        return _("The passkey did not ask who you are. Use one with a PIN, a finger or a face, or choose another way.")

    @property
    def words_alone(self) -> str:
        return _("The passkey did not ask who you are. Give it a PIN, a finger or a face, or ask helpdesk.")


class OutOfTime(PasskeyRefused):
    """Nothing was asked in this session, for this purpose and person, or it was too long ago."""

    exactly = PASSKEY_OUT_OF_TIME

    @property
    def words(self) -> str:
        return _("That took too long, or was begun in another window. Try again.")

    words_alone = words


class UsedBefore(PasskeyRefused):
    """The challenge was answered once already."""

    exactly = PASSKEY_REPLAYED

    @property
    def words(self) -> str:
        return _("That answer was used already. Try again.")

    words_alone = words


class Copied(PasskeyRefused):
    """Its counter went back: two authenticators seem to hold the same key."""

    exactly = PASSKEY_COUNTER

    @property
    def words(self) -> str:
        return _("This passkey may have been copied, so it is refused. Use another way, then remove it here.")

    @property
    def words_alone(self) -> str:
        return _("This passkey may have been copied, so it is refused. You have no other way: ask helpdesk.")


class Taken(Unusable):
    """The passkey is set up already, here or at another account."""

    @property
    def words(self) -> str:
        return _("This passkey is set up already. Nothing was changed.")


class TooMany(Unusable):
    """The person has as many passkeys as one may have."""

    most = 10

    @property
    def words(self) -> str:
        return _("You have %(most)d passkeys already. Remove one first.") % {"most": self.most}
