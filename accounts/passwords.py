"""Is this password this person's? Asks every backend; knows no limits, no second factor and no session."""

from __future__ import annotations

from django.contrib.auth import authenticate

from accounts.models import User

LONGEST = 1024


class DirectoryUnreachable(Exception):
    """The directory that could have answered did not."""


def owner(username: str, password: str) -> User | None:
    """The active person whose user name and password these are, else None. Raises DirectoryUnreachable.

    Empty and blank passwords, NUL and oversized ones are refused before any backend is asked: a directory takes a
    bind without a password for an anonymous one and says yes (RFC 4513 5.1.2).
    """
    if not username.strip() or not password.strip() or "\0" in username + password or len(password) > LONGEST:
        return None
    user = authenticate(username=username, password=password)
    return user if isinstance(user, User) else None
