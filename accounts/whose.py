"""Whose word about a person's number counts (PHONE_AUTHORITY), and what is wrong with the number in the directory."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q

from accounts.directory import configuration
from accounts.directory.entries import Flaw
from accounts.models import SyncProblem, User

OF_A_NUMBER = (Flaw.NUMBER_GONE, Flaw.NUMBER_SHARED)


def directory_decides(user: User) -> bool:
    """Whether nobody but the directory changes the person's number. Local accounts are in no directory."""
    return settings.PHONE_AUTHORITY == "directory" and bool(user.directory_id)


def numbers_in_directory(user: User) -> set[str]:
    """What the directory has for the person as far as it is known, a number at rest included."""
    return {user.directory_phone, user.phone_next} - {""}


def trouble(user: User) -> SyncProblem | None:
    """Why the directory has no number that could be used for the person, by the latest run that looked; None where it
    has one, or never had any."""
    if not user.directory_id or user.directory_phone:
        return None
    about_numbers = Q(attribute__in=configuration.profile().phones) | Q(reason__in=OF_A_NUMBER)
    found = SyncProblem.objects.filter(about_numbers, user=user, is_open=True)
    return found.order_by("-run", "pk").first()
