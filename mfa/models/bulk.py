"""Acts on whole lists of people: what was ordered, on whom, and what became of each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class BulkAct(models.Model):
    """One act on a list that was fixed when it was ordered. Workers do it in turns; `worker` names the one at work, and
    `beat_at` is its last sign of life.

    `right` is the one that the act takes, `answers` are those of its form (JSON), `chosen` the filters of the list.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("waits for a second person")
        QUEUED = "queued", _("waits for a worker")
        RUNNING = "running", _("going on")
        STOPPED = "stopped", _("stopped")
        CANCELLED = "cancelled", _("cancelled")
        DONE = "done", _("done")

    act = models.CharField(_("act"), max_length=40)
    right = models.CharField(max_length=100, editable=False)
    answers = models.JSONField(default=dict, editable=False)
    chosen = models.JSONField(_("filters"), default=dict, editable=False)
    actor = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("reason"), max_length=500)
    address = models.CharField(max_length=45, blank=True, editable=False)
    request_id = models.CharField(max_length=64, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    total = models.PositiveIntegerField(_("people"))
    message = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(_("ordered"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    beat_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name = _("act on a list")
        verbose_name_plural = _("acts on lists")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=["state"], condition=Q(state__in=["queued", "running"]), name="mfa_bulk_at_work"),
        )

    def __str__(self) -> str:
        return f"{self.act} {self.state}"


class BulkPerson(models.Model):
    """One person of the list, and what became of them; `words` say why nothing was done."""

    class State(models.TextChoices):
        WAITING = "waiting", _("not reached yet")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("left out")
        FAILED = "failed", _("failed")

    bulk = models.ForeignKey(BulkAct, models.CASCADE, related_name="people")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices)
    words = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("person of an act on a list")
        constraints = (models.UniqueConstraint(fields=["bulk", "user"], name="mfa_bulk_person_once"),)
        indexes = (models.Index(fields=["bulk", "state", "id"], name="mfa_bulk_person_state"),)

    def __str__(self) -> str:
        return f"{self.bulk_id} {self.user_id} {self.state}"
