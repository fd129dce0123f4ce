"""What takes two people."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Approval(models.Model):
    """An act that takes two people: one asks, another approves, and whoever asked does it, once and in time.

    `subject` names to the letter what would be done, so that an approval of one thing is worth nothing for another.
    `right` is what whoever decides must hold, `page` where the one who asked goes on. Of several whom it is about,
    `people` are the pks of those who could decide.
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
    words = models.TextField(_("what would be done"))
    page = models.TextField(editable=False)
    right = models.CharField(max_length=100, editable=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", verbose_name=_("person"))
    people = models.JSONField(default=list, editable=False)
    asked_by = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("asked by"))
    reason = models.CharField(_("reason"), max_length=500)
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("expires"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    operator = models.CharField(_("approved at the server by"), max_length=150, blank=True)
    """Who has the server, where nobody else could decide."""
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


class CallerCheck(models.Model):
    """A code that helpdesk sent to a factor of whoever calls, to have it read back. Passed, it stands for a second
    person for this agent and this person, for a short time, once for each act."""

    agent = models.ForeignKey(User, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20)
    token = models.CharField(max_length=43, unique=True, editable=False)
    """Of the code that was sent."""
    epoch = models.PositiveIntegerField()
    """The person's `security_epoch` when the code was sent; once that has moved, the check is over."""
    sent_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True)
    used_for = models.JSONField(default=list)
    """The acts that it has stood for."""

    class Meta:
        verbose_name = _("caller check")
        indexes = (models.Index(fields=["agent", "user"], name="mfa_caller_check"),)

    def __str__(self) -> str:
        return f"{self.kind} {'passed' if self.passed_at else 'sent'}"
