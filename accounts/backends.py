"""Who may answer "is this password right": the portal's own accounts, then the directory."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts import names
from accounts.directory.sign_in import DirectoryBackend
from accounts.models import User

__all__ = ["DirectoryBackend", "LocalBackend"]


class LocalBackend(ModelBackend):
    """Passwords that the portal keeps (argon2id). An unknown name costs the same hashing as a known one."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: object
    ) -> User | None:
        if not username or not password:
            return None
        user = super().authenticate(request, username=names.normalise(username), password=password)
        return user if isinstance(user, User) else None
