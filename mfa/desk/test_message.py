"""A test message: sent like any other, to whom an admin names, and watched step by step. Limited and on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from accounts.phone_rules import rules
from accounts.phones import Unusable, normalise
from mfa import audit, budgets
from mfa.delivery import outbox
from mfa.desk import masks
from mfa.desk.forms import LineField
from mfa.models import Delivery

WORTH = timedelta(minutes=5)
Channel = Delivery.Channel


class TestForm(forms.Form):
    """`recipient` is an address, or a number in E.164 by the rules for all numbers, once the form is valid."""

    channel = forms.ChoiceField(label=gettext_lazy("By"), choices=Channel.choices, initial=Channel.MAIL)
    to = LineField(
        label=gettext_lazy("Recipient"), max_length=254,
        help_text=gettext_lazy("A mail address, or a mobile number with its country code, such as +49 170 1234567."),
        error_messages={"required": gettext_lazy("Type an address or a number.")},
    )  # fmt: skip
    recipient = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not settings.SMS_GATEWAYS:
            self.fields["channel"] = forms.ChoiceField(
                label=self.fields["channel"].label, choices=[(Channel.MAIL.value, Channel.MAIL.label)]
            )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("channel") and typed.get("to"):
            self._understand(typed["channel"], typed["to"])
        return typed

    def _understand(self, channel: str, to: str) -> None:
        try:
            if channel == Channel.MAIL:
                validate_email(to)
                self.recipient = to
            else:
                self.recipient = normalise(to, region=settings.PHONE_DEFAULT_REGION or None, rules=rules()).e164
        except ValidationError:
            self.add_error("to", _("That is no mail address."))
        except Unusable as refused:
            self.add_error("to", refused.reason.words)


@transaction.atomic
def send(channel: str, recipient: str, *, actor: User, now: datetime) -> Delivery:
    """Queue a test message; it is not sent after five minutes. Raises TooManyMessages."""
    budgets.spend_test(channel, actor, recipient, now=now)
    context: dict[str, object] = {"at": now}
    if channel == Channel.MAIL:
        delivery = outbox.queue_mail(actor, recipient, outbox.TEST, context, now=now, worth_until=now + WORTH)
    else:
        delivery = outbox.queue_sms(actor, recipient, outbox.TEST, context, now=now, worth_until=now + WORTH)
    to = masks.recipient(recipient, whole=False)
    audit.record("delivery.tested", user=None, actor=actor, channel=channel, to=to, delivery=delivery.pk)
    return delivery
