"""Where a person is signed in, and which browsers they signed in from before."""

from __future__ import annotations

import secrets

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


def new_token() -> str:
    """What pages call a session by. It opens nothing; the session's own key is on no page."""
    return secrets.token_urlsafe(12)


class OpenSession(models.Model):
    """One session at the portal. It lives while its row is there and the person's session hash is still `auth_hash`."""

    token = models.SlugField(max_length=24, unique=True, default=new_token)
    user = models.ForeignKey(User, models.CASCADE, related_name="open_sessions")
    auth_hash = models.CharField(max_length=64)
    browser = models.CharField(max_length=30)
    system = models.CharField(max_length=30)
    address = models.CharField(max_length=45)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("open session")

    def __str__(self) -> str:
        return f"session of {self.user_id} since {self.started_at:%Y-%m-%d %H:%M}"


class KnownBrowser(models.Model):
    """A browser that a person signed in from. `mark` is a keyed hash of its cookie, another one for each person: two
    people at one browser cannot be told to be so."""

    user = models.ForeignKey(User, models.CASCADE, related_name="known_browsers")
    mark = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("known browser")
        constraints = (models.UniqueConstraint(fields=["user", "mark"], name="mfa_browser_known_once"),)

    def __str__(self) -> str:
        return f"browser of {self.user_id}"
