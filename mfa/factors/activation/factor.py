"""Activation codes as a kind: in the registry for its pages and its log rows, never a way to sign in."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from mfa.kinds import Answer, FactorKind
from mfa.models import Factor
from mfa.outcomes import ACTIVATED, Result, Unusable


class Activation(FactorKind):
    slug = "activation"
    label = _("Activation code")
    description = _("A code from helpdesk that lets you set up your first second factor.")
    icon = "ticket"
    signs_in = False
    alone = False
    single = True
    rank = 99
    code_hint = _("Activation code")

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        return False

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        raise Unusable

    def describe(self, factor: Factor) -> str:
        return ""

    @property
    def sign_in_template(self) -> str:
        return "activation/sign_in.html"

    @property
    def verified(self) -> Result:
        return ACTIVATED


KIND = Activation()
