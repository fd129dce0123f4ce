"""The kind "SMS": a code to the person's phone. The number is a fact about the person; no copy of it is kept here."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy as lazy

from accounts import whose
from accounts.models import User
from accounts.phones import mask
from mfa import budgets, codes, sms_codes
from mfa.factors.sms import notes, numbers
from mfa.kinds import Answer, FactorKind, Purpose
from mfa.models import Delivery, Factor
from mfa.notes import CardAction, Note
from mfa.outcomes import SMS_INCORRECT, SMS_NOT_SENT, SMS_VERIFIED, Result, Unusable


class Sms(FactorKind):
    slug = "sms"
    label = lazy("SMS")
    description = lazy("A code comes to your phone by text message. Works with any mobile phone.")
    icon = "message-square"
    sends = True
    channel = Delivery.Channel.SMS
    restricted = True
    by_phone = True
    on_phone = True
    single = True
    rank = 60
    prompt_word = "sms"
    code_hint = lazy("6-digit code from the SMS")

    @property
    def verified(self) -> Result:
        return SMS_VERIFIED

    def implied(self, user: User) -> bool:
        """A usable number is enough, whoever entered it."""
        return bool(user.phone) and numbers.usable(user.phone)

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        """Only an answer to a code that was sent: other digits, typed beside a password, cost this factor no guess."""
        text = answer.text
        return bool(answer.challenge) and len(text) == sms_codes.DIGITS and text.isascii() and text.isdigit()

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        user, token = factor.user, answer.challenge
        codes.spend(user, answer.purpose, token, answer.text, wrong=SMS_INCORRECT, now=now, kind=self.slug)

    def next_send_at(self, user: User, *, now: datetime) -> datetime | None:
        return budgets.next_message_at(Delivery.Channel.SMS, user, now=now)

    def send(self, factor: Factor, *, purpose: Purpose, now: datetime) -> tuple[str, Delivery]:
        """Joins the caller's transaction. Raises TooManyMessages, or Unusable where no SMS may go to the number."""
        user = factor.user
        if not self.implied(user):
            raise Unusable(SMS_NOT_SENT)
        return sms_codes.send(user, user.phone, purpose, template=purpose.message, now=now)

    def describe(self, factor: Factor) -> str:
        return mask(factor.user.phone)

    def add_url(self) -> str:
        return reverse("sms:change")

    def offered(self, user: User) -> bool:
        return not whose.directory_decides(user)

    def notes(self, user: User, rows: list[Factor], *, now: datetime) -> list[Note]:
        return notes.urgent(user, now=now)

    def actions(self, factor: Factor) -> list[CardAction]:
        if whose.directory_decides(factor.user):
            return [CardAction(_("(About this number)"), reverse("sms:change"), dialog=True, beside=True)]
        return [
            CardAction(_("(Change settings)"), reverse("sms:change"), dialog=True, beside=True),
            CardAction(_("Remove"), reverse("sms:remove"), danger=True),
        ]


KIND = Sms()
