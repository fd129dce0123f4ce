"""Django with nothing but the tables and django-otp's own kind of device."""

from __future__ import annotations

from portal.settings import *  # noqa: F403

MIDDLEWARE = []
INSTALLED_APPS = [*INSTALLED_APPS, "django_otp.plugins.otp_totp"]  # noqa: F405
ROOT_URLCONF = "bench.bare_verify"
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "admin.E408", "admin.E409", "admin.E410"]  # noqa: F405
