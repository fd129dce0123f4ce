"""What follows when the directory changes groups, and when leavers are forgotten: in the same transaction, for many at
once."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.memberships import Membership
from accounts.models import User
from accounts.signals import memberships_changed, users_forgotten
from mfa import audit
from mfa.models import (
    Delivery,
    Exemption,
    Factor,
    KnownBrowser,
    OneTimeCode,
    OpenSession,
    Policy,
    Preference,
    Reminder,
)

GOES = (Factor, OneTimeCode, Policy, Exemption, Reminder, Delivery, Preference, OpenSession, KnownBrowser)
"""What is kept of a person and goes when they are forgotten."""


@receiver(memberships_changed, dispatch_uid="mfa.directory_events.groups_changed")
def groups_changed(sender: object, *, changes: list[Membership], **more: Any) -> None:
    """Each membership is in the audit trail of its person."""
    people = User.objects.in_bulk([change.user_id for change in changes])
    audit.record_many(
        audit.event(
            "group.entered" if change.entered else "group.left", user=people[change.user_id], actor=None,
            reason="as the directory says", details={"group": change.group},
        )
        for change in changes
    )  # fmt: skip


@receiver(users_forgotten, dispatch_uid="mfa.directory_events.leavers_forgotten")
def leavers_forgotten(sender: object, *, user_ids: list[int], **more: Any) -> None:
    """Secrets, codes and messages go with the person; the audit trail and the authentication log stay."""
    people = list(User.objects.filter(pk__in=user_ids))
    audit.record_many(
        audit.event("account.forgotten", user=person, actor=None, reason="left long ago", details={})
        for person in people
    )
    for model in GOES:
        model._default_manager.filter(user__in=user_ids).delete()
