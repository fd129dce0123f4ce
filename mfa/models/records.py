"""The authentication log and the audit trail."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from mfa import kinds


class AuthenticationRecord(models.Model):
    """One attempt at any door, accepted or not."""

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="authentication_records")
    username = models.CharField(_("user name"), max_length=150, blank=True)
    application = models.CharField(_("application"), max_length=100)
    address = models.CharField(_("address"), max_length=45, blank=True)
    kind = models.CharField(_("factor"), max_length=20, blank=True)
    purpose = models.CharField(
        _("purpose"), max_length=20, choices=[(p.value, p.value) for p in kinds.Purpose], default=kinds.Purpose.SIGN_IN
    )
    accepted = models.BooleanField(_("accepted"))
    code = models.SmallIntegerField(_("result"))
    cause = models.CharField(_("cause"), max_length=200, blank=True)
    duration_ms = models.PositiveIntegerField(_("milliseconds"), default=0)
    gateway = models.CharField(_("gateway"), max_length=100, blank=True)
    """What the application calls itself: the RADIUS client, the NAS."""
    rule = models.CharField(_("remember rule"), max_length=100, blank=True)
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
