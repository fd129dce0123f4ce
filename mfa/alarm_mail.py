"""Who is told when the portal itself needs somebody."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Q

from accounts.models import User
from mfa import roles


def recipients() -> Iterator[tuple[User | None, str]]:
    """ALARM_MAIL, else every active admin and superuser with a mailbox."""
    if settings.ALARM_MAIL:
        yield from ((None, address) for address in settings.ALARM_MAIL)
        return
    admins = User.objects.filter(Q(groups__name=roles.ADMIN) | Q(is_superuser=True), is_active=True)
    yield from ((admin, admin.email) for admin in admins.exclude(email="").distinct().order_by("pk"))
