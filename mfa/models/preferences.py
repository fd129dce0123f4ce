"""What people choose for themselves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Preference(models.Model):
    """What a person chose: the factor that is asked for first, by kind and key, and until when a piece of advice
    is not repeated."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="preference")
    kind = models.CharField(max_length=20, blank=True)
    key = models.CharField(max_length=255, blank=True)
    quiet_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("preference")

    def __str__(self) -> str:
        return f"preference of {self.user_id}"
