"""What the watch over the portal's own parts found last."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Finding(models.Model):
    """The latest look at a part that pages do not look at themselves: clocks, certificates, keys, the workers."""

    class State(models.TextChoices):
        OK = "ok", _("in order")
        UNKNOWN = "unknown", _("not known")
        WARN = "warn", _("needs somebody soon")
        BAD = "bad", _("in trouble")

    part = models.CharField(_("part"), max_length=200, unique=True)
    """"worker", "beat", "clock", "certificate:host:port", "key:prefix", "misplaced:prefix"."""
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    figures = models.JSONField(_("figures"), default=dict)
    at = models.DateTimeField(_("seen"), default=timezone.now)
    told = models.CharField(max_length=8, blank=True)
    """The state that somebody was told of in this incident; empty where nobody was, or it is over."""

    class Meta:
        verbose_name = _("state of a part")
        verbose_name_plural = _("health")
        ordering = ("part",)

    def __str__(self) -> str:
        return f"{self.part} {self.state}"
