"""Why a number is not taken or not given up, in words for its owner."""

from __future__ import annotations

from django.utils.translation import gettext as _

from mfa.outcomes import Unusable


class SameNumber(Unusable):
    """It is the number that the person has already."""

    @property
    def words(self) -> str:
        return _("This is your number already. Type another one, or leave everything as it is.")


class SharedNumber(Unusable):
    """Another account has the number, and the settings want each number once."""

    @property
    def words(self) -> str:
        return _("This number belongs to another account already. Use your own number, or ask helpdesk.")


class NumberTaken(Unusable):
    """The number that a link would put back is another account's by now, and the settings want each number once."""

    @property
    def words(self) -> str:
        return _("Your earlier number belongs to another account by now. Nothing was changed. Ask helpdesk now.")


class DirectoryDecides(Unusable):
    """The settings leave the person's number to the directory."""

    @property
    def words(self) -> str:
        return _("Your organisation's directory decides about your number; it cannot be changed here.")


class NothingToConfirm(Unusable):
    """No change waits under this token: it was finished, replaced by a newer one, or never begun."""

    @property
    def words(self) -> str:
        return _("This change has ended. Type the number again to get a new code.")
