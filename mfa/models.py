"""All tables of the second factors on one page. Rules live elsewhere; here are columns, constraints and querysets."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from accounts.models import User
from mfa import crypto, kinds


def new_key() -> str:
    """128 random bits; the identity a secret is bound to."""
    return secrets.token_urlsafe(16)


class Factor(Device):
    """A second factor of any kind. `state` is small and the kind's own (last step, drift); `secret` is ciphertext."""

    user = models.ForeignKey(User, models.CASCADE, related_name="factors")
    kind = models.CharField(_("kind"), max_length=20)
    key = models.CharField(max_length=255, default=new_key, editable=False)
    secret = models.TextField(blank=True, editable=False)
    state = models.JSONField(default=dict, editable=False)
    failures = models.PositiveSmallIntegerField(_("wrong codes in a row"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_used_for = models.CharField(_("last used for"), max_length=100, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, editable=False)
    disabled_at = models.DateTimeField(_("disabled"), null=True, editable=False)

    objects = models.Manager["Factor"]()

    class Meta:
        verbose_name = _("factor")
        verbose_name_plural = _("factors")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="mfa_factor_key"),)
        indexes = (models.Index(fields=["user", "kind"], name="mfa_factor_user_kind"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()

    @property
    def row(self) -> str:
        """The identity that the secret is bound to."""
        return f"factor:{self.user_id}:{self.kind}:{self.key}"

    def seal(self, plain: bytes) -> None:
        self.secret = crypto.encrypt(plain, row=self.row)

    def unseal(self) -> bytes:
        """The secret's bytes. Raises `crypto.Undecryptable`."""
        return crypto.decrypt(self.secret, row=self.row)


class OneTimeCode(models.Model):
    """A code that was handed out once for one purpose. One is live per person and purpose; a new one ends the older."""

    class Ending(models.TextChoices):
        LIVE = "", _("live")
        SPENT = "spent", _("used")
        REPLACED = "replaced", _("replaced by a newer one")
        WORN_OUT = "worn-out", _("too many wrong tries")
        EXPIRED = "expired", _("expired")

    token = models.CharField(max_length=43, unique=True, default=secrets.token_urlsafe, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="one_time_codes")
    purpose = models.CharField(max_length=20, choices=[(p.value, p.value) for p in kinds.Purpose])
    code_hash = models.CharField(max_length=64)
    target = models.CharField(max_length=64, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ending = models.CharField(max_length=10, choices=Ending.choices, default=Ending.LIVE, blank=True)
    ended_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("one-time code")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "purpose"], condition=Q(ending=""), name="mfa_one_live_code_per_purpose"
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.ending or 'live'}"


class GuessCounter(models.Model):
    """Wrong answers in a row, by kind, of one subject: `user:7`, `password:7:203.0.113.9`. One row, one lock."""

    subject = models.CharField(max_length=255, unique=True)
    failures = models.JSONField(default=dict)
    """{kind: [count, unix time of the last one]}"""
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        verbose_name = _("guess counter")

    def __str__(self) -> str:
        return self.subject


class Budget(models.Model):
    """When something bounded was done for one subject (`sms:user:7`, `password:7`): unix times, oldest first."""

    subject = models.CharField(max_length=100, unique=True)
    spent = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        verbose_name = _("budget")

    def __str__(self) -> str:
        return self.subject


class Application(models.Model):
    """Who asks whether a code is right: a VPN gateway, another portal. `slug` is its name in the log."""

    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    kinds = models.JSONField(_("kinds of factors"), default=list, blank=True)
    """Slugs of the kinds it accepts; empty for all that need not be listed."""
    active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name


class Policy(models.Model):
    """What is asked of one person beyond the deployment's settings."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="policy")
    required = models.BooleanField(_("two-factor sign-in required"), default=False)
    activation_only = models.BooleanField(
        _("activation code needed"),
        default=False,
        help_text=_("The next factor is enrolled with an activation code only."),
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")

    def __str__(self) -> str:
        return f"policy of {self.user_id}"


class Approval(models.Model):
    """An act that takes two people: one asks, another approves, and whoever asked does it, once and in time.

    `subject` names to the letter what would be done, so that an approval of one thing is worth nothing for another.
    `right` is what whoever decides must hold, `page` where the one who asked goes on.
    """

    class State(models.TextChoices):
        OPEN = "open", _("waits for a second person")
        APPROVED = "approved", _("approved, not done yet")
        USED = "used", _("approved and done")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("expired")

    act = models.CharField(_("act"), max_length=40)
    subject = models.CharField(max_length=64, editable=False)
    words = models.CharField(_("what would be done"), max_length=500)
    page = models.CharField(max_length=2000, editable=False)
    right = models.CharField(max_length=100, editable=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", verbose_name=_("person"))
    asked_by = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("asked by"))
    reason = models.CharField(_("reason"), max_length=500)
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("expires"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    used_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ("-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["act", "subject", "asked_by"], condition=Q(state__in=["open", "approved"]),
                name="mfa_one_live_approval",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "used"]) | Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="mfa_nobody_approves_alone",
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.act} {self.state}"


class AuthenticationRecord(models.Model):
    """One attempt at any door, accepted or not."""

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="authentication_records")
    username = models.CharField(_("user name"), max_length=150, blank=True)
    application = models.CharField(_("application"), max_length=100)
    address = models.CharField(_("address"), max_length=45, blank=True)
    kind = models.CharField(_("factor"), max_length=20, blank=True)
    accepted = models.BooleanField(_("accepted"))
    code = models.SmallIntegerField(_("result"))
    cause = models.CharField(_("cause"), max_length=200, blank=True)
    duration_ms = models.PositiveIntegerField(_("milliseconds"), default=0)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("authentication record")
        verbose_name_plural = _("authentication log")
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=["user", "-at"], name="mfa_authentication_user_at"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.username} {self.code}"


class AuditEvent(models.Model):
    """Who changed what, for whom, from where and why. Rows are only ever added."""

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    action = models.CharField(_("action"), max_length=60, db_index=True)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="audit_events", verbose_name=_("person"))
    username = models.CharField(_("user name"), max_length=150, blank=True)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    actor_name = models.CharField(_("by"), max_length=150, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    details = models.JSONField(_("details"), default=dict)
    address = models.CharField(_("address"), max_length=45, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=["user", "-at"], name="mfa_audit_user_at"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.username}"


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
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    gateway = models.CharField(_("gateway"), max_length=40, blank=True)
    reference = models.CharField(_("gateway's reference"), max_length=200, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

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
