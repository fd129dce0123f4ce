"""The way in to the outbox: render a message, keep it encrypted, wake a worker once the transaction commits."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts import trace
from accounts.models import User
from mfa import crypto
from mfa.delivery import rendering, wake
from mfa.delivery.writing import one_line
from mfa.models import Delivery

NOTICE_LIFETIME = timedelta(days=7)
CODES = frozenset({"code", "confirm-phone", "confirm-email", "caller-code", "helpdesk-phone", "activation-code"})
"""The templates that carry a code to type or to read out; all others are notices, and tests."""
TEST = "test-message"
"""The message that an admin sends to see how messages leave; its steps are written one by one, to be watched."""


def queue_sms(
    user: User, number: str, template: str, context: dict[str, object], *, now: datetime, worth_until: datetime
) -> Delivery:
    """Queue `templates/sms/<template>.txt` to `number` (E.164). It is not sent after `worth_until`."""
    return _queue(sms(user, number, template, context, now=now, worth_until=worth_until))


def queue_mail(
    user: User,
    address: str,
    template: str,
    context: dict[str, object],
    *,
    now: datetime,
    worth_until: datetime | None = None,
) -> Delivery:
    """Queue `templates/mail/<template>.txt` to `address`; the template's first line is the subject."""
    return _queue(mail(user, address, template, context, now=now, worth_until=worth_until))


def queue_many(deliveries: list[Delivery]) -> None:
    """Queue what a `Circular` wrote: one statement for many, and one sweep to send them."""
    Delivery.objects.bulk_create(deliveries, batch_size=500)
    if deliveries:
        transaction.on_commit(wake.sweep)


def sms(
    user: User, number: str, template: str, context: dict[str, object], *, now: datetime, worth_until: datetime
) -> Delivery:
    """An SMS that is written and sealed but not queued yet."""
    body = rendering.text(f"sms/{template}.txt", user, context)
    return _sealed(Delivery.Channel.SMS, user, number, template, body, now=now, worth_until=worth_until)


def mail(
    user: User | None,
    address: str,
    template: str,
    context: dict[str, object],
    *,
    now: datetime,
    worth_until: datetime | None = None,
) -> Delivery:
    """A mail that is written and sealed but not queued yet; without a user to an address of the organisation's."""
    whole = rendering.text(f"mail/{template}.txt", user, context)
    return _letter(user, address, template, whole, now=now, worth_until=worth_until or now + NOTICE_LIFETIME)


class Circular:
    """One notice to many people, to be queued by `queue_many`. `common` is told to all; own words of each person, which
    may be empty, are told to that one."""

    def __init__(self, template: str, common: dict[str, object], *, now: datetime, worth_until: datetime) -> None:
        self._template, self._texts = template, rendering.Circular(common)
        self._now, self._until = now, worth_until

    def sms(self, user: User, number: str, own: dict[str, str]) -> Delivery:
        body = self._texts.text(f"sms/{self._template}.txt", user, own)
        channel = Delivery.Channel.SMS
        return _sealed(channel, user, number, self._template, body, now=self._now, worth_until=self._until)

    def mail(self, user: User, address: str, own: dict[str, str]) -> Delivery:
        whole = self._texts.text(f"mail/{self._template}.txt", user, own)
        return _letter(user, address, self._template, whole, now=self._now, worth_until=self._until)


def read(delivery: Delivery) -> str:
    """The message's text; empty once it left. Raises `crypto.Undecryptable`."""
    return crypto.decrypt(delivery.body, row=delivery.row).decode() if delivery.body else ""


def _queue(delivery: Delivery) -> Delivery:
    delivery.save(force_insert=True)
    transaction.on_commit(lambda: wake.worker_for(delivery.pk))
    return delivery


def _letter(
    user: User | None, address: str, template: str, whole: str, *, now: datetime, worth_until: datetime
) -> Delivery:  # fmt: skip
    subject, _, body = whole.partition("\n")
    return _sealed(
        Delivery.Channel.MAIL, user, address, template, body.strip(), now=now, worth_until=worth_until,
        subject=one_line(subject)[:200],
    )  # fmt: skip


def _sealed(
    channel: Delivery.Channel, user: User | None, recipient: str, template: str, body: str, *,
    now: datetime, worth_until: datetime, subject: str = "",
) -> Delivery:  # fmt: skip
    delivery = Delivery(
        user=user, channel=channel, recipient=recipient, template=template, subject=subject,
        created_at=now, next_try_at=now, expires_at=worth_until, request_id=trace.request_id.get(),
    )  # fmt: skip
    delivery.body = crypto.encrypt(body.encode(), row=delivery.row)
    return delivery
