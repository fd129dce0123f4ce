"""People who left the directory: kept for a time, so that whoever returns finds everything, then forgotten.

Forgetting empties the person's row and keeps it: the audit trail goes on pointing at it, unchanged. A returner whose
row was emptied is somebody new, with nothing inherited.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_urlsafe

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.models import PhoneSource, SyncChange, SyncProblem, User, WriteBack
from accounts.signals import users_forgotten

BATCH = 500
GONE = "~GONE-"
"""With the primary key, the user name and the id of somebody forgotten: with capitals nobody can type the one, and no
directory has either."""


def due(*, at: datetime) -> QuerySet[User]:
    """Who is to be forgotten at that time; nobody where LEAVER_RETENTION_DAYS is 0."""
    if not settings.LEAVER_RETENTION_DAYS:
        return User.objects.none()
    left = User.objects.filter(is_active=False, directory_id__isnull=False).exclude(directory_id__startswith=GONE)
    return left.filter(deactivated_at__lt=at - timedelta(days=settings.LEAVER_RETENTION_DAYS)).order_by("pk")


def forget(*, now: datetime) -> int:
    """Forget everybody who is due, some at a time. Returns how many; harmless to interrupt and to run twice."""
    forgotten = 0
    while count := _forget_some(now):
        forgotten += count
    return forgotten


@transaction.atomic
def _forget_some(now: datetime) -> int:
    ids = list(due(at=now).select_for_update(no_key=True).values_list("pk", flat=True)[:BATCH])
    if not ids:
        return 0
    users_forgotten.send(sender=User, user_ids=ids)
    SyncChange.objects.filter(user__in=ids).delete()
    SyncProblem.objects.filter(user__in=ids).delete()
    WriteBack.objects.filter(user__in=ids).delete()
    User.groups.through.objects.filter(user_id__in=ids).delete()
    User.user_permissions.through.objects.filter(user_id__in=ids).delete()
    name = Concat(Value(GONE), Cast(F("pk"), CharField()))
    return User.objects.filter(pk__in=ids).update(
        username=name, directory_id=name, name="", email="", language="", last_login=None,
        password=f"{UNUSABLE_PASSWORD_PREFIX}{token_urlsafe(30)}", is_staff=False, is_superuser=False,
        phone="", phone_source=PhoneSource.NONE, phone_confirmed_at=None, phone_next="", phone_next_at=None,
        directory_dn="", directory_phone="", directory_fingerprint="", security_epoch=F("security_epoch") + 1,
    )  # fmt: skip
