"""What is asked of a person: whether a second factor is required, and how the first one may be enrolled."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from mfa import audit
from mfa.models import Policy


def of(user: User) -> Policy:
    """The person's policy; a person without a row has the defaults."""
    return Policy.objects.filter(user=user).first() or Policy(user=user)


def requires_factor(user: User, policy: Policy) -> bool:
    """Whether the person must have a second factor. Whoever may enter the admin always must."""
    return policy.required or user.is_staff


@transaction.atomic
def require(user: User, required: bool, *, actor: User | None, reason: str) -> None:
    """Require two-factor sign-in of a person, or stop requiring it."""
    _set(user, required=required)
    audit.record("policy.required" if required else "policy.not-required", user=user, actor=actor, reason=reason)


def demand_activation(user: User, demanded: bool) -> None:
    """Let the next first factor be enrolled with an activation code only, or by password again. Joins the caller's
    transaction."""
    _set(user, activation_only=demanded)


def _set(user: User, **values: bool) -> None:
    Policy.objects.update_or_create(user=user, defaults=values)
