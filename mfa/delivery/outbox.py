"""The way in to the outbox: render a message, keep it encrypted, wake a worker once the transaction commits."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import User
from mfa import crypto
from mfa.delivery import wake
from mfa.delivery.writing import one_line, plain_context, without_controls
from mfa.models import Delivery

NOTICE_LIFETIME = timedelta(days=7)


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
    """Queue what `sms` and `mail` wrote: one statement for many, and one sweep to send them."""
    Delivery.objects.bulk_create(deliveries, batch_size=500)
    if deliveries:
        transaction.on_commit(wake.sweep)


def sms(
    user: User, number: str, template: str, context: dict[str, object], *, now: datetime, worth_until: datetime
) -> Delivery:
    """An SMS that is written and sealed but not queued yet."""
    body = _render(f"sms/{template}.txt", user, context)
    return _sealed(Delivery.Channel.SMS, user, number, template, body, now=now, worth_until=worth_until)


def mail(
    user: User,
    address: str,
    template: str,
    context: dict[str, object],
    *,
    now: datetime,
    worth_until: datetime | None = None,
) -> Delivery:
    """A mail that is written and sealed but not queued yet."""
    subject, _, body = _render(f"mail/{template}.txt", user, context).partition("\n")
    return _sealed(
        Delivery.Channel.MAIL, user, address, template, body.strip(), now=now,
        worth_until=worth_until or now + NOTICE_LIFETIME, subject=one_line(subject)[:200],
    )  # fmt: skip


def read(delivery: Delivery) -> str:
    """The message's text; empty once it left. Raises `crypto.Undecryptable`."""
    return crypto.decrypt(delivery.body, row=delivery.row).decode() if delivery.body else ""


def _render(template: str, user: User, context: dict[str, object]) -> str:
    shared: dict[str, object] = {
        "portal_name": settings.PORTAL_NAME,
        "portal_url": settings.PUBLIC_URL,
        "portal_host": settings.ALLOWED_HOSTS[0],
        "helpdesk": settings.HELPDESK_CONTACT,
        "person": user.get_full_name(),
        "username": user.username,
    }
    with override(user.language or settings.LANGUAGE_CODE):
        return without_controls(render_to_string(template, plain_context(shared | context))).strip()


def _queue(delivery: Delivery) -> Delivery:
    delivery.save(force_insert=True)
    transaction.on_commit(lambda: wake.worker_for(delivery.pk))
    return delivery


def _sealed(
    channel: Delivery.Channel, user: User, recipient: str, template: str, body: str, *,
    now: datetime, worth_until: datetime, subject: str = "",
) -> Delivery:  # fmt: skip
    delivery = Delivery(
        user=user, channel=channel, recipient=recipient, template=template, subject=subject,
        created_at=now, next_try_at=now, expires_at=worth_until,
    )  # fmt: skip
    delivery.body = crypto.encrypt(body.encode(), row=delivery.row)
    return delivery
