"""Deliveries in the administration: the list, the conversation of one, test messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from mfa.models import Delivery, DeliveryAlarm
from tests.browser.scenes.desk import as_admin
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, person, work_off_outbox

BEGINNING: tuple[dict[str, Any], ...] = (
    {"step": "connect", "said": "mail.your-organisation.org:587", "text": "connected", "ms": 4},
    {"step": "greeting", "code": 220, "text": "mail.your-organisation.org ESMTP Postfix", "ms": 31},
    {"step": "ehlo", "said": "EHLO portal.test", "code": 250, "text": "SIZE 20480000, STARTTLS", "ms": 2},
    {"step": "starttls", "said": "STARTTLS", "code": 220, "text": "2.0.0 Ready to start TLS", "ms": 2},
    {"step": "tls", "text": "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate trusted", "ms": 18},
    {"step": "auth", "said": "AUTH PLAIN ***", "code": 235, "text": "2.7.0 Authentication successful", "ms": 55},
    {"step": "mail", "said": "MAIL FROM:<portal@portal.test>", "code": 250, "text": "2.1.0 Ok", "ms": 3},
)  # fmt: skip
NAMED = {"step": "rcpt", "said": "RCPT TO:<(recipient)>", "ms": 8}
GREYLISTED = NAMED | {"code": 450, "text": "4.2.0 Greylisted, come back later"}
REFUSED = NAMED | {"code": 550, "text": "5.1.1 <(recipient)>: Recipient address rejected: User unknown"}
GOODBYE = {"step": "quit", "said": "QUIT", "code": 221, "text": "2.0.0 Bye", "ms": 2}


def made(*ends: dict[str, Any], **fields: object) -> Delivery:
    """A mail that was tried once for each of `ends`."""
    at = timezone.now() - timedelta(minutes=3)
    trace = [
        {"gateway": "smtp", "try": number, "at": at.isoformat(), "steps": [*BEGINNING, end, GOODBYE]}
        for number, end in enumerate(ends, start=1)
    ]
    user = person("ada", name="Ada Lovelace")
    until = timezone.now() + timedelta(minutes=7)
    return Delivery.objects.create(
        user=user, channel="mail", template="code", recipient=user.email, expires_at=until, trace=trace,
        tries=len(ends), **fields,
    )  # fmt: skip


def open_one(stage: Stage, delivery: Delivery, role: str = "admin") -> None:
    as_admin(stage, role)
    stage.open(reverse("admin:mfa_delivery_change", args=[delivery.pk]))


@scene("admin:mfa_delivery_change", "mail refused after a greylist")
def refused(stage: Stage) -> None:
    error = "the mail server refused the recipient (550)"
    open_one(stage, made(GREYLISTED, REFUSED, state=Delivery.State.FAILED, error=error))
    stage.reads("the mailbox does not exist")


@scene("admin:mfa_delivery_change", "waits for the next try, auditor")
def waits(stage: Stage) -> None:
    later = timezone.now() + timedelta(minutes=1)
    open_one(stage, made(GREYLISTED, state=Delivery.State.QUEUED, next_try_at=later), "auditor")
    stage.reads("come back later")


@scene("admin:mfa_delivery_test", "empty")
def test_message(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_delivery_test"))


@scene("admin:mfa_delivery_test", "no address")
def test_message_wrong(stage: Stage) -> None:
    test_message(stage)
    stage.type("Recipient", "nobody")
    stage.press("Send a test message")
    stage.page.locator(".field-error").wait_for()


@scene("admin:mfa_delivery_change", "test message, watched to its end")
def watched(stage: Stage) -> None:
    """The page that waits is not loaded anew: the steps appear on it."""
    test_message(stage)
    stage.type("Recipient", "ops@example.test")
    stage.press("Send a test message")
    stage.reads("It waits for a worker.")
    work_off_outbox()
    stage.reads("The mail server took it")


@scene("admin:mfa_delivery_changelist", "budget nearly spent, few codes come back")
def in_trouble(stage: Stage) -> None:
    as_admin(stage)
    now, user = timezone.now(), person("ada", name="Ada Lovelace")
    Delivery.objects.bulk_create(
        Delivery(
            user=user, channel="mail", template="code", recipient=user.email, state="failed" if number % 9 else "sent",
            gateway="smtp", handed_over_at=now, created_at=now - timedelta(minutes=20),
        )
        for number in range(24)
    )  # fmt: skip
    for trouble in DeliveryAlarm.Trouble.values:
        DeliveryAlarm.objects.create(channel="mail", trouble=trouble)
    stage.open(reverse("admin:mfa_delivery_changelist"))
    stage.page.get_by_text("How codes leave").click()
    stage.reads("Somebody is told below")
