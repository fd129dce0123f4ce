"""What is asked of people."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


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
