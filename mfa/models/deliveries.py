"""The outbox."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from mfa.models.factors import new_key


class Delivery(models.Model):
    """The outbox: one message by SMS or mail, from its queueing to the gateway's last word.

    `body` is ciphertext and is emptied once the message left or can no longer leave.
    """

    class Channel(models.TextChoices):
        SMS = "sms", _("SMS")
        MAIL = "mail", _("mail")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting to be sent")
        SENDING = "sending", _("being handed over")
        SENT = "sent", _("handed over")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("not delivered")
        EXPIRED = "expired", _("not sent: too late")
        UNCERTAIN = "uncertain", _("may have been sent")

    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=4, choices=Channel.choices)
    template = models.CharField(_("message"), max_length=40)
    recipient = models.CharField(_("recipient"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(blank=True, editable=False)
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    """Goes to the gateway as idempotency key."""
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    created_at = models.DateTimeField(_("queued"), default=timezone.now)
    expires_at = models.DateTimeField(_("worth sending until"), null=True)
    next_try_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    gateway = models.CharField(_("gateway"), max_length=40, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    """Of the request that the message was queued in; empty for what a job queued."""
    reference = models.CharField(_("gateway's reference"), max_length=200, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    trace = models.JSONField(default=list, editable=False)
    """What was said at each try, without secrets (`mfa.delivery.traces`). In the row, and not in a table of steps, so
    that the statement which records the outcome writes it too: thousands of notices cost no statement more."""
    receipts = models.JSONField(default=list, editable=False)
    """What the gateway said afterwards: moment, its own status, the same in words."""

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-created_at", "-pk")
        indexes = (
            models.Index(fields=["created_at"], name="mfa_delivery_created"),
            models.Index(fields=["next_try_at"], condition=Q(state__in=["queued", "sending"]), name="mfa_delivery_due"),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.template} {self.state}"

    @property
    def row(self) -> str:
        """The identity that the body is bound to."""
        return f"delivery:{self.key}"


class DeliveryAlarm(models.Model):
    """An incident with messages that somebody was told of: one is open for each trouble and channel at a time."""

    class Trouble(models.TextChoices):
        NEARLY_SPENT = "nearly-spent", _("the day's budget of codes is nearly spent")
        SPENT = "spent", _("the day's budget of codes is spent")
        FEW_CONFIRMED = "few-confirmed", _("few of the codes that are sent come back")

    channel = models.CharField(_("channel"), max_length=4, choices=Delivery.Channel.choices)
    trouble = models.CharField(_("trouble"), max_length=20, choices=Trouble.choices)
    began_at = models.DateTimeField(_("began"), default=timezone.now)
    ended_at = models.DateTimeField(_("over"), null=True)

    class Meta:
        verbose_name = _("alarm about messages")
        verbose_name_plural = _("alarms about messages")
        constraints = (
            models.UniqueConstraint(
                fields=["channel", "trouble"], condition=Q(ended_at=None), name="mfa_one_open_delivery_alarm"
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.trouble}"
