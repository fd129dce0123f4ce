"""The kind "mOTP": six hex digits of time, secret and PIN. Legacy: for gateways that list it, never for the portal."""

from __future__ import annotations

import re
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from mfa import audit, crypto
from mfa.factors.motp import judging
from mfa.factors.motp.algorithm import DIGITS, PERIOD, Motp
from mfa.kinds import Answer, FactorKind
from mfa.models import Factor
from mfa.notes import CardAction
from mfa.oath.steps import Memory
from mfa.outcomes import OATH_VERIFIED, Result

_CODES = re.compile(rf"(?:[0-9a-fA-F]{{{DIGITS}}}){{1,2}}", re.ASCII)


class MotpKind(FactorKind):
    slug = "motp"
    label = _("mOTP app")
    description = _("For a VPN router that knows nothing newer. Legacy: it does not sign you in to this portal.")
    icon = "lock"
    on_phone = True
    legacy = True
    only_where_listed = True
    rank = 80
    code_hint = _("Code from your mOTP app")
    code_field = "text"
    prompt_word = "motp"
    elsewhere = _(
        "Right here and refused by the router? Type your user name there exactly as it was set up: upper and lower "
        "case never matter here, but they do on most routers."
    )

    @property
    def in_portal(self) -> bool:
        """Never: it rests on a broken hash."""
        return False

    @property
    def verified(self) -> Result:
        return OATH_VERIFIED

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        """One code, or two that follow each other; also in upper case, which is refused with its cause."""
        return _CODES.fullmatch(answer.text) is not None

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        motp = motp_of(factor)
        memory = memory_of(factor)
        drift = memory.drift
        try:
            judging.accept(motp, memory, answer.text, now=now)
        finally:
            factor.state = factor.state | memory.state()
        if memory.drift != drift:
            _record_adjustment(factor, memory.drift * PERIOD)

    def describe(self, factor: Factor) -> str:
        return gettext("6 letters and digits, new every 10 seconds")

    def add_url(self) -> str:
        return reverse("motp:add")

    def actions(self, factor: Factor) -> list[CardAction]:
        return [
            CardAction(_("Change the PIN"), reverse("motp:pin", args=[factor.pk])),
            CardAction(_("Renew the secret"), reverse("motp:renew", args=[factor.pk])),
            CardAction(_("Rename"), reverse("motp:rename", args=[factor.pk])),
            CardAction(_("Remove"), reverse("motp:remove", args=[factor.pk]), danger=True),
        ]

    def mends(self, factor: Factor) -> list[CardAction]:
        return [
            CardAction(_("Change the PIN"), reverse("motp:pin", args=[factor.pk])),
            CardAction(_("Renew the secret"), reverse("motp:renew", args=[factor.pk])),
            CardAction(_("Adjust the clock"), reverse("motp:clock", args=[factor.pk])),
        ]


def motp_of(factor: Factor) -> Motp:
    """The factor's secret and PIN. Raises `crypto.Undecryptable`."""
    try:
        return Motp.unpacked(factor.unseal())
    except ValueError:
        raise crypto.Undecryptable("not a secret with a PIN") from None


def memory_of(factor: Factor) -> Memory:
    """What the factor remembers. Raises `crypto.Undecryptable`."""
    try:
        return Memory.of(factor.state)
    except (ValueError, TypeError):
        raise crypto.Undecryptable("without its memory") from None


def _record_adjustment(factor: Factor, seconds: int) -> None:
    audit.record_of(factor, "factor.clock-adjusted", actor=factor.user, seconds=seconds)


KIND = MotpKind()
