"""The least that a signed-in page needs of Django: the session and its person. Same database, same sessions."""

from __future__ import annotations

from portal.settings import *  # noqa: F403

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
SESSION_SAVE_EVERY_REQUEST = False
ROOT_URLCONF = "bench.bare"
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "admin.E409"]  # noqa: F405  # the admin is not asked
