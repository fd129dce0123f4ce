"""The kind "hardware token": a code by button (HOTP, RFC 4226) or by time (TOTP, RFC 6238) from a device of its own.

Secret and memory live in the token's row, not in the factor's: they outlive whoever holds it.
"""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import User
from mfa.kinds import Answer, FactorKind
from mfa.models import Factor, HardwareToken
from mfa.notes import CardAction
from mfa.outcomes import OATH_VERIFIED, Result
from mfa.tokens import judging, stock


class TokenKind(FactorKind):
    slug = stock.KIND
    label = _("Hardware token")
    description = _("A small device from your organisation that shows a code. Needs no phone and no network.")
    icon = "usb"
    own_device = True
    rank = 25
    prompt_word = "token"
    code_hint = _("Code from your hardware token")

    @property
    def verified(self) -> Result:
        return OATH_VERIFIED

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        """One code, or two that follow each other, which bring the token in step."""
        digits = factor.number("digits") or 6
        return len(answer.text) in (digits, 2 * digits) and answer.text.isascii() and answer.text.isdigit()

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        judging.accept(stock.locked(factor.key), answer.text, now=now)

    def describe(self, factor: Factor) -> str:
        """The serial number is printed on the token, and tells it from the others in a drawer."""
        serial, period = factor.state.get("serial", ""), factor.number("period") or 30
        if factor.state.get("method") == HardwareToken.Method.HOTP:
            return gettext("serial %(serial)s · a code for each press of its button") % {"serial": serial}
        return gettext("serial %(serial)s · new every %(period)d seconds") % {"serial": serial, "period": period}

    def add_url(self) -> str:
        return reverse("token:add")

    def offered(self, user: User) -> bool:
        """Only where the organisation has tokens; whether one is free takes too long to ask for each page."""
        return HardwareToken.objects.filter(lost_at=None).exists()

    def actions(self, factor: Factor) -> list[CardAction]:
        return [
            CardAction(_("Rename"), reverse("token:rename", args=[factor.pk])),
            CardAction(_("Give it back"), reverse("token:remove", args=[factor.pk]), danger=True),
        ]

    def mends(self, factor: Factor) -> list[CardAction]:
        return [CardAction(_("Bring the token in step"), reverse("token:adjust", args=[factor.pk]))]


KIND = TokenKind()
