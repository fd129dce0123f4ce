"""Whether a number may have another owner (PHONE_SHARED)."""

from __future__ import annotations

from django.conf import settings

from accounts.models import User


def others(user: User, e164: str) -> bool:
    """Whether another active account has the number."""
    return User.objects.filter(phone=e164, is_active=True).exclude(pk=user.pk).exists()


def refuses(user: User, e164: str) -> bool:
    """Whether the person may not have the number, since another account has it."""
    return settings.PHONE_SHARED == "refuse" and bool(e164) and others(user, e164)
