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
from mfa.models import Delivery

NOTICE_LIFETIME = timedelta(days=7)


def queue_sms(
    user: User, number: str, template: str, context: dict[str, object], *, now: datetime, worth_until: datetime
) -> Delivery:
    """Queue `templates/sms/<template>.txt` to `number` (E.164). It is not sent after `worth_until`."""
    body = _render(f"sms/{template}.txt", user, context).strip()
    return _queue(Delivery.Channel.SMS, user, number, template, body, now=now, worth_until=worth_until)


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
    subject, _, body = _render(f"mail/{template}.txt", user, context).strip().partition("\n")
    return _queue(
        Delivery.Channel.MAIL, user, address, template, body.strip(), now=now,
        worth_until=worth_until or now + NOTICE_LIFETIME, subject=" ".join(subject.split())[:200],
    )  # fmt: skip


def read(delivery: Delivery) -> str:
    """The message's text; empty once it left. Raises `crypto.Undecryptable`."""
    return crypto.decrypt(delivery.body, row=delivery.row).decode() if delivery.body else ""


def _render(template: str, user: User, context: dict[str, object]) -> str:
    shared = {
        "portal_name": settings.PORTAL_NAME,
        "portal_url": settings.PUBLIC_URL,
        "portal_host": settings.ALLOWED_HOSTS[0],
        "helpdesk": settings.HELPDESK_CONTACT,
        "person": user,
    }
    with override(user.language or settings.LANGUAGE_CODE):
        return render_to_string(template, shared | context)


def _queue(
    channel: Delivery.Channel, user: User, recipient: str, template: str, body: str, *,
    now: datetime, worth_until: datetime, subject: str = "",
) -> Delivery:  # fmt: skip
    delivery = Delivery(
        user=user, channel=channel, recipient=recipient, template=template, subject=subject,
        created_at=now, next_try_at=now, expires_at=worth_until,
    )  # fmt: skip
    delivery.body = crypto.encrypt(body.encode(), row=delivery.row)
    delivery.save(force_insert=True)
    transaction.on_commit(lambda: wake.worker_for(delivery.pk))
    return delivery
