"""What follows when the directory changes groups: in the same transaction, for thousands at once."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from accounts.memberships import Membership
from accounts.models import User
from accounts.signals import memberships_changed
from mfa import audit


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
