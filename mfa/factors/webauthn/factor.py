"""The kind "passkey": a key that an authenticator keeps and uses for this portal's address alone (WebAuthn).

The row's key is the credential id. Its secret holds the public key, sealed so that nobody who can only write to the
database puts another in its place. Its state is what the authenticator said of itself, and its counter.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import User
from mfa import audit, holdings
from mfa.factors.webauthn import challenges, party, protocol
from mfa.factors.webauthn.protocol import Signed
from mfa.factors.webauthn.refusals import Copied, NotOfThisAccount, NotVerified, PasskeyRefused
from mfa.kinds import Answer, Answers, Ceremony, FactorKind, Purpose
from mfa.models import Factor
from mfa.notes import CardAction
from mfa.outcomes import PASSKEY_TOUCHED, PASSKEY_VERIFIED, Refused, Result

logger = logging.getLogger(__name__)


class Passkey(FactorKind):
    slug = "webauthn"
    label = _("Passkey")
    description = _(
        "Your phone, computer or security key confirms that it is you. Nothing to type, and no fake page can use it."
    )
    icon = "fingerprint"
    own_device = True
    answers = Answers.CEREMONY
    rank = 10
    code_hint = _("Passkey")
    ceremony_template = "webauthn/ask.html"

    @property
    def verified(self) -> Result:
        return PASSKEY_VERIFIED

    @property
    def sign_in_template(self) -> str:
        return "webauthn/sign_in.html" if party.works() else ""

    def result(self, factor: Factor) -> Result:
        return PASSKEY_VERIFIED if factor.state.get("verified_person") else PASSKEY_TOUCHED

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        return protocol.id_in(answer.text) == factor.key

    def unfit(self) -> Refused:
        return NotOfThisAccount()

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        challenges.use(factor.user, answer.purpose, answer.challenge, now=now)
        signed = protocol.check_signature(answer.text, answer.challenge, factor.unseal())
        _refuse_strangeness(factor, signed)
        if answer.purpose is Purpose.ALONE and not signed.verified_person:
            raise NotVerified
        _refuse_copy(factor, signed)
        factor.state |= {
            "counter": signed.counter,
            "is_synced": signed.is_synced,
            "verified_person": signed.verified_person,
        }

    def ceremony(self, user: User, *, now: datetime) -> Ceremony:
        """Any passkey of the person may answer; it has been asked for nothing but a touch, beside another factor."""
        return ask([factor for factor in holdings.usable(user, now=now) if factor.kind == self.slug])

    def describe(self, factor: Factor) -> str:
        """The name stands beside it; this is what becomes of it when the device is lost."""
        if factor.state.get("can_be_synced"):
            return gettext("kept by a password manager")
        return gettext("on one device only")

    def offered(self, user: User) -> bool:
        return party.works()

    def add_url(self) -> str:
        return reverse("webauthn:add")

    def actions(self, factor: Factor) -> list[CardAction]:
        return [
            CardAction(_("Rename"), reverse("webauthn:rename", args=[factor.pk])),
            CardAction(_("Remove"), reverse("webauthn:remove", args=[factor.pk]), danger=True),
        ]


def ask(factors: list[Factor], *, must_verify: bool = False) -> Ceremony:
    """A new ceremony that one of these passkeys must answer; without any, one of whoever is there."""
    challenge = protocol.new_challenge()
    allowed = [(factor.key, factor.state.get("transports", ())) for factor in factors]
    return Ceremony(protocol.request_options(challenge, allowed=allowed, must_verify=must_verify), challenge)


def _refuse_strangeness(factor: Factor, signed: Signed) -> None:
    """What the authenticator says of account and key must be what it said when the key was made."""
    if signed.handle not in ("", factor.state["handle"]) or signed.can_be_synced != factor.state["can_be_synced"]:
        raise PasskeyRefused


def _refuse_copy(factor: Factor, signed: Signed) -> None:
    """A counter that does not rise is raised somewhere else too. Keys that are synced leave it at zero for ever."""
    known = factor.state["counter"]
    if signed.counter > known or signed.counter == known == 0:
        return
    logger.error("passkey %s may have been copied: its counter went from %d to %d", factor.pk, known, signed.counter)
    audit.record_of(factor, "factor.maybe-copied", actor=None, known=known, given=signed.counter)
    raise Copied


KIND = Passkey()
