"""Every write to a person. Each function is one act in one transaction, the caller's if there is one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import PhoneSource, User
from accounts.signals import PhoneChange, phones_changed, users_deactivated


@transaction.atomic
def set_phone(user: User, e164: str, *, source: PhoneSource, confirmed_at: datetime | None, actor: User | None) -> None:
    """Replace the number (E.164, or empty to remove it). Sessions and remembered verifications of the person end."""
    old = User.objects.select_for_update().values_list("phone", flat=True).get(pk=user.pk)
    User.objects.filter(pk=user.pk).update(
        phone=e164,
        phone_source=source if e164 else PhoneSource.NONE,
        phone_confirmed_at=confirmed_at,
        security_epoch=F("security_epoch") + 1,
    )
    user.refresh_from_db(fields=["phone", "phone_source", "phone_confirmed_at", "security_epoch"])
    if old != e164:
        announce_phones([PhoneChange(user.pk, old, e164)], source=source, actor=actor)


@transaction.atomic
def set_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])
    move_epoch(user)


def move_epoch(user: User) -> None:
    """End every session and remembered verification of the person; the session at hand survives if the view keeps it
    with `django.contrib.auth.update_session_auth_hash`."""
    User.objects.filter(pk=user.pk).update(security_epoch=F("security_epoch") + 1)
    user.refresh_from_db(fields=["security_epoch"])


@transaction.atomic
def deactivate_many(user_ids: Iterable[int], *, now: datetime, actor: User | None) -> int:
    """Deactivate people and end their sessions. Returns how many were active until now."""
    ids = list(User.objects.filter(pk__in=list(user_ids), is_active=True).order_by("pk").values_list("pk", flat=True))
    User.objects.filter(pk__in=ids).update(is_active=False, deactivated_at=now, security_epoch=F("security_epoch") + 1)
    if ids:
        users_deactivated.send(sender=User, user_ids=ids, actor=actor)
    return len(ids)


def announce_phones(changes: list[PhoneChange], *, source: PhoneSource, actor: User | None) -> None:
    """Tell the rooms above about numbers that changed; to be called in the transaction that changed them."""
    phones_changed.send(sender=User, changes=changes, source=source, actor=actor)
