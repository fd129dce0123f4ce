"""The kind "authenticator app": a code that app and portal both make of one secret and the time (RFC 6238)."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from mfa import audit, crypto
from mfa.kinds import Answer, FactorKind
from mfa.models import Factor
from mfa.notes import CardAction
from mfa.oath.codes import Token
from mfa.oath.steps import Memory
from mfa.outcomes import OATH_VERIFIED, Result


class Totp(FactorKind):
    slug = "totp"
    label = _("Authenticator app")
    description = _("An app on your phone or computer shows a new code every 30 seconds. Works without a network.")
    icon = "smartphone"
    on_phone = True
    rank = 20
    prompt_word = "app"
    code_hint = _("Code from your authenticator app")

    @property
    def verified(self) -> Result:
        return OATH_VERIFIED

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        """One code, or two that follow each other, which adjust the clock."""
        digits = factor.number("digits") or 6
        return len(answer.text) in (digits, 2 * digits) and answer.text.isascii() and answer.text.isdigit()

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        token = token_of(factor)
        memory = memory_of(factor)
        try:
            if token.fits(answer.text):
                memory.accept(token, answer.text, now=now)
            else:
                first, second = answer.text[: token.digits], answer.text[token.digits :]
                memory.adjust(token, first, second, now=now)
                _record_adjustment(factor, memory, token)
        finally:
            factor.state = factor.state | memory.state()

    def describe(self, factor: Factor) -> str:
        """The name stands beside it; this is what one sees in the app."""
        return gettext("%(digits)d digits, new every %(period)d seconds") % {
            "digits": factor.number("digits") or 6,
            "period": factor.number("period") or 30,
        }

    def add_url(self) -> str:
        return reverse("totp:add")

    def actions(self, factor: Factor) -> list[CardAction]:
        return [
            CardAction(_("Rename"), reverse("totp:rename", args=[factor.pk])),
            CardAction(_("New phone"), reverse("totp:move", args=[factor.pk])),
            CardAction(_("Remove"), reverse("totp:remove", args=[factor.pk]), danger=True),
        ]

    def mends(self, factor: Factor) -> list[CardAction]:
        return [CardAction(_("Adjust the clock"), reverse("totp:clock", args=[factor.pk]))]


def token_of(factor: Factor) -> Token:
    """The factor's secret with its parameters. Raises `crypto.Undecryptable`."""
    secret, state = factor.unseal(), factor.state
    try:
        return Token(secret, state["algorithm"], state["digits"], state["period"])
    except (KeyError, ValueError):
        raise crypto.Undecryptable("without its parameters") from None


def memory_of(factor: Factor) -> Memory:
    """What the factor remembers. Raises `crypto.Undecryptable`."""
    try:
        return Memory.of(factor.state)
    except (ValueError, TypeError):
        raise crypto.Undecryptable("without its memory") from None


def _record_adjustment(factor: Factor, memory: Memory, token: Token) -> None:
    seconds = memory.drift * token.period
    audit.record_of(factor, "factor.clock-adjusted", actor=factor.user, seconds=seconds)


KIND = Totp()
