"""The kind "recovery codes": ten codes on paper, each good once, for the day the phone is gone."""

from __future__ import annotations

import json
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from mfa import crypto, notifications
from mfa.factors.recovery import codes
from mfa.factors.recovery.codes import Kept
from mfa.kinds import Answer, FactorKind
from mfa.models import Factor
from mfa.notes import CardAction
from mfa.outcomes import CODE_SPENT, RECOVERY_INCORRECT, RECOVERY_VERIFIED, Replayed, Result, WrongCode


class Spent(Replayed):
    """The code was right, once."""

    def __init__(self) -> None:
        super().__init__(CODE_SPENT)

    @property
    def words(self) -> str:
        return gettext("That recovery code was used already. Each works once; type another one from your list.")


class Recovery(FactorKind):
    slug = "recovery"
    label = _("Recovery codes")
    description = _("Ten codes to print or keep in a safe place, for when your phone is lost.")
    icon = "life-buoy"
    single = True
    alone = False
    only_where_listed = True
    is_list = True
    rank = 90
    code_hint = _("One of your recovery codes")
    code_field = "long"

    @property
    def verified(self) -> Result:
        return RECOVERY_VERIFIED

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        return codes.has_shape(codes.read(answer.text))

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        kept = kept_of(factor)
        found = codes.find(kept, codes.read(answer.text))
        if found is None:
            raise WrongCode(RECOVERY_INCORRECT)
        if found.spent:
            raise Spent
        found.spent = True
        keep(factor, kept)
        left = {"left": self.left(factor), "at": now}
        notifications.tell(factor.user, "recovery-used", left, now=now, also_number=factor.user.phone)

    def describe(self, factor: Factor) -> str:
        return ""

    def add_url(self) -> str:
        return reverse("recovery:start")

    def actions(self, factor: Factor) -> list[CardAction]:
        return [
            CardAction(_("Make new codes"), reverse("recovery:start")),
            CardAction(_("Remove"), reverse("recovery:remove"), danger=True),
        ]

    def left(self, factor: Factor) -> int:
        return factor.number("left")


def kept_of(factor: Factor) -> list[Kept]:
    """What is kept of a set's codes. Raises `crypto.Undecryptable`."""
    plain = factor.unseal()
    try:
        return [Kept(**one) for one in json.loads(plain)["codes"]]
    except (KeyError, TypeError, ValueError):
        raise crypto.Undecryptable("not a set of codes") from None


def keep(factor: Factor, kept: list[Kept]) -> None:
    """Seal the hashes, and count in clear how many are left; the caller saves the row."""
    factor.seal(json.dumps({"codes": [one.as_json() for one in kept]}).encode())
    factor.state = {"left": sum(not one.spent for one in kept)}


KIND = Recovery()
