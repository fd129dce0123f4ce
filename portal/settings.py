"""Django's settings, read from the environment. `.env.example` lists every name with its meaning."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from portal import env, parse

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_file(Path(os.environ.get("PORTAL_ENV_FILE", BASE_DIR / ".env")))

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.parsed("SECRET_KEY", parse.secret)
MFA_ENCRYPTION_KEYS = env.parsed("MFA_ENCRYPTION_KEYS", parse.key_ring)
DATA_DIR = env.parsed("DATA_DIR", parse.folder, str(BASE_DIR / "var"))

PORTAL_NAME = env.text("PORTAL_NAME", "Second factors")
HELPDESK_CONTACT = env.text("HELPDESK_CONTACT", "")
DIRECTORY_CONTACT = env.text("DIRECTORY_CONTACT", HELPDESK_CONTACT)
PUBLIC_URL = env.parsed("PUBLIC_URL", parse.public_url)
HTTPS = PUBLIC_URL.startswith("https://")
if not HTTPS and not DEBUG:
    env.stop("PUBLIC_URL", "must start with https:// outside development.")
ALLOWED_HOSTS = [urlsplit(PUBLIC_URL).hostname or "", *env.words("EXTRA_HOSTS")]
TRUSTED_PROXIES = env.parsed("TRUSTED_PROXIES", parse.networks, "")

MFA_FACTORS = env.parsed("MFA_FACTORS", parse.factors, "webauthn totp token sms email recovery activation temporary")
INSTALLED_APPS = [
    "mfa.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_otp",
    "django_celery_beat",
    "django_celery_results",
    "accounts",
    "mfa",
    *(f"mfa.factors.{slug}" for slug in MFA_FACTORS),
]
MIDDLEWARE = [
    "portal.middleware.RequestId",
    "portal.middleware.ClientAddress",
    "portal.middleware.KeepableText",
    "django.middleware.security.SecurityMiddleware",
    "mfa.api.door.ApiDoor",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.PrivatePages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mfa.pages.language.OwnLanguage",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "mfa.pages.gate.Gate",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "mfa.pages.context.portal",
            ],
        },
    },
]

DATABASES = {"default": env.parsed("DATABASE_URL", parse.database, f"sqlite:///{DATA_DIR / 'portal.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": env.parsed("CACHE_URL", parse.cache, "locmem://")}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.LocalBackend", "accounts.backends.DirectoryBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign_in"
SIGN_IN_CODE_FIELD = env.choice("SIGN_IN_CODE_FIELD", "after_password", ("after_password", "always"))

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_AGE = int(timedelta(hours=1).total_seconds())
SESSION_SAVE_EVERY_REQUEST = True
SESSION_ABSOLUTE_AGE = timedelta(hours=12)
PROOF_FRESH_FOR = timedelta(minutes=5)
PASSWORD_STEP_AGE = timedelta(minutes=10)

_cookie_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_cookie_prefix}session"
CSRF_COOKIE_NAME = f"{_cookie_prefix}csrf"
BROWSER_COOKIE_NAME = f"{_cookie_prefix}browser"
BROWSER_COOKIE_AGE = int(timedelta(days=400).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
LANGUAGE_COOKIE_NAME = f"{_cookie_prefix}language"
LANGUAGE_COOKIE_AGE = BROWSER_COOKIE_AGE
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# Files of tokens hold their secrets: kept in memory, and what is larger is dropped instead of written to a disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_600_000  # a file of 2.5 MB, with the form around it

LANGUAGE_CODE = "en"
# Each in its own words: whoever looks for a language may not read the one that is shown.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "portal.formats"
TIME_ZONE = env.parsed("TIME_ZONE", parse.time_zone, "UTC")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

TOTP_ALGORITHM = env.choice("TOTP_ALGORITHM", "SHA1", ("SHA1", "SHA256", "SHA512"))
TOTP_DIGITS = int(env.choice("TOTP_DIGITS", "6", ("6", "8")))
TOTP_PERIOD = int(env.choice("TOTP_PERIOD", "30", ("30", "60")))
MOTP_TOLERANCE = int(env.choice("MOTP_TOLERANCE", "30", ("10", "20", "30", "60")))

PHONE_DEFAULT_REGION = env.parsed("PHONE_DEFAULT_REGION", parse.region, "")
# Every country only by a word of the operator's: silence must not pay for calls to far ranges.
_countries = PHONE_DEFAULT_REGION or ("*" if DEBUG or "sms" not in MFA_FACTORS else None)
PHONE_COUNTRIES = env.parsed("PHONE_COUNTRIES", parse.regions, _countries)
PHONE_ALLOW_LANDLINE = env.flag("PHONE_ALLOW_LANDLINE", default=False)
PHONE_STRICT = env.flag("PHONE_STRICT", default=False)
PHONE_REGIONS_BY_OU = env.parsed("PHONE_REGIONS_BY_OU", parse.regions_by_ou, "")
PHONE_SHARED = env.choice("PHONE_SHARED", "warn", ("allow", "warn", "refuse"))
PHONE_AUTHORITY = env.choice("PHONE_AUTHORITY", "newest", ("newest", "directory", "self", "write_back"))
TICKET_REQUIRED = env.flag("TICKET_REQUIRED", default=True)
TEMPORARY_CODE_HOURS = env.whole("TEMPORARY_CODE_HOURS", 72, least=1)
PHONE_COOL_DOWN_HOURS = env.whole("PHONE_COOL_DOWN_HOURS", 24)

SMS_GATEWAYS = env.words("SMS_GATEWAYS", "inbox" if DEBUG else "")
SMS_SENDER = env.text("SMS_SENDER", "Portal")
SMS_KANNEL_URL = env.text("SMS_KANNEL_URL", "")
SMS_KANNEL_USERNAME = env.text("SMS_KANNEL_USERNAME", "")
SMS_KANNEL_PASSWORD = env.text("SMS_KANNEL_PASSWORD", "")
SMS_HTTP_URL = env.text("SMS_HTTP_URL", "")
SMS_HTTP_TOKEN = env.text("SMS_HTTP_TOKEN", "")
SMS_TWILIO_URL = env.text("SMS_TWILIO_URL", "https://api.twilio.com")
SMS_TWILIO_ACCOUNT = env.text("SMS_TWILIO_ACCOUNT", "")
SMS_TWILIO_TOKEN = env.text("SMS_TWILIO_TOKEN", "")
SMS_TWILIO_SERVICE = env.text("SMS_TWILIO_SERVICE", "")
RECEIPTS_URL = env.parsed("RECEIPTS_URL", parse.public_url, PUBLIC_URL)
if not DEBUG and not RECEIPTS_URL.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
    env.stop("RECEIPTS_URL", "must start with https:// outside development, unless it names this machine.")
RADIUS_TEST_SERVER = env.parsed("RADIUS_TEST_SERVER", parse.host_and_port, "")
RADIUS_TEST_SECRET = env.text("RADIUS_TEST_SECRET", "")
SMS_RISK_CHECK = env.text("SMS_RISK_CHECK", "")
SMS_PER_DAY = env.whole("SMS_PER_DAY", 5000, least=1)
CODES_ALARM_PERCENT = env.whole("CODES_ALARM_PERCENT", 30)
HELPDESK_RESETS_PER_DAY = env.whole("HELPDESK_RESETS_PER_DAY", 60, least=1)
EMAIL_CODES_IN_PORTAL = env.flag("EMAIL_CODES_IN_PORTAL", default=False)
MAIL_CODES_PER_DAY = env.whole("MAIL_CODES_PER_DAY", 20000, least=1)
EMAIL_URL = env.parsed("EMAIL_URL", parse.mail, "inbox://" if DEBUG else None)
MAIL_FROM = env.text("MAIL_FROM", "portal@localhost" if DEBUG else None)

LDAP_URL = env.text("LDAP_URL", "")
LDAP_START_TLS = env.flag("LDAP_START_TLS", default=True)
LDAP_CA_FILE = env.text("LDAP_CA_FILE", "")
LDAP_BIND_DN = env.text("LDAP_BIND_DN", "")
LDAP_BIND_PASSWORD = env.text("LDAP_BIND_PASSWORD", "")
LDAP_WRITE_BIND_DN = env.text("LDAP_WRITE_BIND_DN", "")
LDAP_WRITE_BIND_PASSWORD = env.text("LDAP_WRITE_BIND_PASSWORD", "")
LDAP_USER_BASE = env.text("LDAP_USER_BASE", "")
LDAP_USER_FILTER = env.text("LDAP_USER_FILTER", "")
LDAP_PROFILE = env.choice("LDAP_PROFILE", "openldap", ("openldap", "389ds", "activedirectory"))
LDAP_ID_ATTRIBUTE = env.text("LDAP_ID_ATTRIBUTE", "")
LDAP_USERNAME_ATTRIBUTE = env.text("LDAP_USERNAME_ATTRIBUTE", "")
LDAP_NAME_ATTRIBUTES = env.words("LDAP_NAME_ATTRIBUTES")
LDAP_MAIL_ATTRIBUTE = env.text("LDAP_MAIL_ATTRIBUTE", "")
LDAP_PHONE_ATTRIBUTES = env.words("LDAP_PHONE_ATTRIBUTES")
LDAP_REGION_ATTRIBUTES = env.words("LDAP_REGION_ATTRIBUTES")
LDAP_DISABLED_WHEN = env.words("LDAP_DISABLED_WHEN")
LDAP_TIMEOUT = env.whole("LDAP_TIMEOUT", 5, least=1)
# Half of a process's threads may wait for the directory at once.
WEB_THREADS = env.whole("WEB_THREADS", 8, least=1)
LDAP_PAGE_SIZE = env.whole("LDAP_PAGE_SIZE", 1000, least=1)
LDAP_GROUPS = env.parsed("LDAP_GROUPS", parse.groups, "")
DIRECTORY_FILE = env.text("DIRECTORY_FILE", "")
LEAVER_RETENTION_DAYS = env.whole("LEAVER_RETENTION_DAYS", 180)
AUTHENTICATION_LOG_DAYS = env.whole("AUTHENTICATION_LOG_DAYS", 0)
"""0: it stays until an operator decides."""
NTP_SERVER = env.text("NTP_SERVER", "")
METRICS_KEY = env.parsed("METRICS_KEY", parse.key, "")
ALARM_MAIL = env.parsed("ALARM_MAIL", parse.addresses, "")
SYNC_ALARM_HOURS = env.whole("SYNC_ALARM_HOURS", 24)
SYNC_MAX_PEOPLE_LOST = env.parsed("SYNC_MAX_PEOPLE_LOST", parse.share, "5%, 10")
SYNC_MAX_NUMBERS_LOST = env.parsed("SYNC_MAX_NUMBERS_LOST", parse.share, "5%, 10")
SYNC_MAX_NUMBERS_CHANGED = env.parsed("SYNC_MAX_NUMBERS_CHANGED", parse.share, "5%, 10")
SYNC_MAX_ADDRESSES_LOST = env.parsed("SYNC_MAX_ADDRESSES_LOST", parse.share, "5%, 10")
SYNC_MAX_SAME_NUMBER = env.parsed("SYNC_MAX_SAME_NUMBER", parse.share, "1%, 10")
SYNC_MAX_GROUP_CHANGES = env.parsed("SYNC_MAX_GROUP_CHANGES", parse.share, "5%, 10")
SYNC_FULL_EVERY_HOURS = env.whole("SYNC_FULL_EVERY_HOURS", 30, least=1)
SYNC_COUNT_EVERY_MINUTES = env.whole("SYNC_COUNT_EVERY_MINUTES", 60)

CELERY_BROKER_URL = env.parsed("CELERY_BROKER_URL", parse.broker, "filesystem://")
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_URL = "filesystem://localhost"  # without a host, kombu warns at every message
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, str | int] = dict(parse.broker_folders(DATA_DIR / "broker"))
else:
    # The timeouts keep a broker that hangs from holding up pages.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": int(timedelta(hours=6).total_seconds()),
        "socket_timeout": 3,
        "socket_connect_timeout": 3,
    }
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_RESULT_BACKEND = "django-db"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
# For the directory's runs and what begins them again; all else has a shorter limit of its own. What hangs is cut off
# before a broker gives it to a second worker.
CELERY_TASK_TIME_LIMIT = int(timedelta(hours=5).total_seconds())
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000  # what a library or a large directory's run has left in memory ends with it
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = TIME_ZONE

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "portal.logs.AddRequestId"},
        "hide_tokens": {"()": "portal.logs.HideTokens"},
    },
    "formatters": {"json": {"()": "portal.logs.JsonLines"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id", "hide_tokens"]}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.db.backends": {"level": "INFO"},
    },
}
# The proxy redirects to https, and an organisation's other hosts are not the portal's to speak for.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
