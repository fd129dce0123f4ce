"""The kind "e-mail": a code to the person's mailbox, once a code that went there was typed back.

NIST SP 800-63B-4 3.1.3.1 calls mail no second factor. It is here for applications that list it; see docs/security.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy as lazy

from accounts.models import User
from mfa import applications, budgets, codes
from mfa.delivery import outbox
from mfa.delivery.writing import masked_address
from mfa.factors.email import addresses
from mfa.kinds import Answer, FactorKind, Person, Purpose
from mfa.models import Delivery, Factor
from mfa.notes import CardAction, Note
from mfa.outcomes import EMAIL_INCORRECT, EMAIL_NOT_SENT, EMAIL_VERIFIED, Result, Unusable

DIGITS = 6
LIFETIME = timedelta(minutes=10)
"""The longest that NIST SP 800-63B-4 3.1.3.2 allows: a server that greylists takes a mail only minutes later."""


class Email(FactorKind):
    slug = "email"
    label = lazy("E-mail")
    description = lazy("A code comes to your mailbox, for applications that accept it.")
    icon = "mail"
    sends = True
    channel = Delivery.Channel.MAIL
    restricted = True
    only_where_listed = True
    single = True
    rank = 70
    code_hint = lazy("6-digit code from the e-mail")
    prompt_word = "mail"

    @property
    def in_portal(self) -> bool:
        return bool(settings.EMAIL_CODES_IN_PORTAL)

    @property
    def verified(self) -> Result:
        return EMAIL_VERIFIED

    def works(self, factor: Factor) -> bool:
        return addresses.is_confirmed(factor)

    def working(self, person: Person) -> Q:
        return addresses.confirmed_in_sql(person("email"))

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        """Only an answer to a code that was sent: other digits, typed beside a password, cost this factor no guess."""
        text = answer.text
        return bool(answer.challenge) and len(text) == DIGITS and text.isascii() and text.isdigit()

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        user, token = factor.user, answer.challenge
        codes.spend(user, answer.purpose, token, answer.text, wrong=EMAIL_INCORRECT, now=now, kind=self.slug)

    def next_send_at(self, user: User, *, now: datetime) -> datetime | None:
        return budgets.next_message_at(Delivery.Channel.MAIL, user, now=now)

    def send(self, factor: Factor, *, purpose: Purpose, now: datetime) -> tuple[str, Delivery]:
        """Joins the caller's transaction. Raises TooManyMessages, or Unusable where the mailbox is not confirmed."""
        if not self.works(factor):
            raise Unusable(EMAIL_NOT_SENT)
        return send_code(factor.user, purpose, template=purpose.message, now=now)

    def describe(self, factor: Factor) -> str:
        return masked_address(factor.user.email)

    def add_url(self) -> str:
        return reverse("email:set_up")

    def offered(self, user: User) -> bool:
        """Where something accepts it: to set it up for nothing would only mislead."""
        return bool(user.email) and (self.in_portal or applications.is_listed(self.slug))

    def notes(self, user: User, rows: list[Factor], *, now: datetime) -> list[Note]:
        held = next((row for row in rows if row.kind == self.slug and row.confirmed), None)
        if held is None or not user.email or self.works(held):
            return []
        words = _("Codes by e-mail stopped: they would go to %(to)s now. Confirm that address to get them again.")
        action = CardAction(_("Confirm the address"), self.add_url())
        return [
            Note("warn", _("Your e-mail address has changed"), words % {"to": masked_address(user.email)}, (action,))
        ]

    def actions(self, factor: Factor) -> list[CardAction]:
        return [CardAction(_("Remove"), reverse("email:remove"), danger=True)]


def send_code(user: User, purpose: Purpose, *, template: str, now: datetime) -> tuple[str, Delivery]:
    """Pay for one mail, make the code, which is bound to the address it goes to, queue the message: all of it or
    nothing, in the caller's transaction."""
    budgets.spend_message(Delivery.Channel.MAIL, user, user.email, now=now)
    target = addresses.fingerprint(user.email)
    issued = codes.issue(user, purpose, length=DIGITS, lifetime=LIFETIME, now=now, target=target, kind=KIND.slug)
    context: dict[str, object] = {"code": issued.code, "minutes": int(LIFETIME.total_seconds() // 60)}
    delivery = outbox.queue_mail(user, user.email, template, context, now=now, worth_until=issued.row.expires_at)
    return issued.row.token, delivery


KIND = Email()
