"""Numbers on their way into the directory."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.person import User


class WriteBack(models.Model):
    """A confirmed number on its way into the directory. `expected` is the number (E.164, or empty) that a run read
    there before: any other one there means that the directory was changed meanwhile. While it waits, `next_try_at` is
    also until when the worker that took it may be at work."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waits for the directory")
        WRITTEN = "written", _("written to the directory")
        REFUSED = "refused", _("refused by the directory")
        GIVEN_UP = "given_up", _("given up")
        SUPERSEDED = "superseded", _("replaced by a newer number")

    user = models.ForeignKey(User, models.CASCADE, related_name="write_backs", verbose_name=_("person"))
    e164 = models.CharField(_("number"), max_length=16)
    expected = models.CharField(_("number in the directory before"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    answer = models.CharField(_("last answer"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("confirmed"), default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(_("next try"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("number for the directory")
        verbose_name_plural = _("numbers for the directory")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=["next_try_at"], condition=Q(state="queued"), name="accounts_write_back_due"),
            models.Index(fields=["state", "-id"], name="accounts_write_back_state"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="queued"), name="accounts_one_write_back_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.user_id}"
