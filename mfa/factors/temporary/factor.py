"""The kind "temporary access code": from helpdesk, for some hours, uses and applications, until the new phone."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_lazy as lazy

from mfa import temporary
from mfa.kinds import Answer, FactorKind
from mfa.models import Factor
from mfa.outcomes import TEMPORARY_INCORRECT, TEMPORARY_VERIFIED, Result, WrongCode


class Temporary(FactorKind):
    slug = temporary.KIND
    label = lazy("Temporary access code")
    description = lazy("A code from helpdesk for a few hours, while your own factor is missing.")
    icon = "clock"
    single = True
    lent = True
    rank = 1
    code_hint = lazy("Temporary access code from helpdesk")
    code_field = "long"

    @property
    def in_portal(self) -> bool:
        """Never: whoever has one may reach their work, and change nothing about the account."""
        return False

    @property
    def verified(self) -> Result:
        return TEMPORARY_VERIFIED

    def serves(self, factor: Factor, application: str) -> bool:
        return application in factor.state.get("applications", ())

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        return bool(temporary.read(answer.text))

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        if not temporary.is_right(factor, temporary.read(answer.text)):
            raise WrongCode(TEMPORARY_INCORRECT)
        factor.state = factor.state | {"left": self.left(factor) - 1}

    def describe(self, factor: Factor) -> str:
        until = date_format(timezone.localtime(factor.expires_at), "DATETIME_FORMAT") if factor.expires_at else ""
        where = temporary.named(factor.state.get("applications", ()))
        return _("until %(until)s · for %(where)s") % {"until": until, "where": where}

    def left(self, factor: Factor) -> int:
        return factor.number("left")


KIND = Temporary()
