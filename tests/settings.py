"""The portal's own settings over a sample environment; nothing of a developer's `.env` reaches the tests."""

from __future__ import annotations

import atexit
import os
import tempfile

os.environ["PORTAL_ENV_FILE"] = os.devnull
SAMPLE = {
    "SECRET_KEY": "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789",
    "MFA_ENCRYPTION_KEYS": "t1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "PUBLIC_URL": "https://portal.test",
    "MFA_FACTORS": "webauthn totp token sms email recovery motp activation temporary",
    "PHONE_DEFAULT_REGION": "DE",
    "PHONE_COUNTRIES": "*",
    "SMS_GATEWAYS": "inbox",
    "EMAIL_URL": "inbox://",
    "MAIL_FROM": "portal@portal.test",
    "HELPDESK_CONTACT": "helpdesk@portal.test",
}
for _name, _value in SAMPLE.items():
    os.environ.setdefault(_name, _value)
# Workers of one run inherit each other's environment, and would read messages from each other's broker.
if "DATA_DIR" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    _folder = tempfile.TemporaryDirectory(prefix="portal-tests-", ignore_cleanup_errors=True)
    atexit.register(_folder.cleanup)
    os.environ["DATA_DIR"] = _folder.name

from portal.settings import *  # noqa: F403

STATIC_ROOT.mkdir(exist_ok=True)  # noqa: F405
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
PASSWORD_HASHERS = ["tests.hashing.QuickArgon2"]

SILENCED_SYSTEM_CHECKS = ["mfa.E013", "mfa.E014"]  # the inbox, where tests read what was sent, is for development only
