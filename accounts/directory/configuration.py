"""The settings of the directory and of telephone numbers, as the pure modules want them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from django.conf import settings

from accounts.directory.guards import Limits
from accounts.directory.plan import Authority, Policy, Sharing
from accounts.directory.readers.ldap import Server
from accounts.directory.readers.profiles import Profile
from accounts.phones import Rules


def configured() -> bool:
    """True when this portal has a directory."""
    return bool(settings.LDAP_URL)


def rules() -> Rules:
    """Which telephone numbers are accepted."""
    return Rules(settings.PHONE_DEFAULT_REGION, settings.PHONE_COUNTRIES, settings.PHONE_ALLOW_LANDLINE)


def policy(now: datetime) -> Policy:
    """What happens to numbers that two people have, that two places say differently, that replace confirmed ones."""
    rest = timedelta(hours=settings.PHONE_COOL_DOWN_HOURS)
    return Policy(
        sharing=cast(Sharing, settings.PHONE_SHARED),
        authority=cast(Authority, settings.PHONE_AUTHORITY),
        rests_until=now + rest if rest else None,
    )


def limits() -> Limits:
    """How much one run may change."""
    return Limits(settings.SYNC_MAX_LOSS_PERCENT, settings.SYNC_MAX_LOSS_LEAST)


def profile() -> Profile:
    """What the attributes of this directory are called."""
    return Profile(username=settings.LDAP_USERNAME_ATTRIBUTE)


def server() -> Server:
    """The directory server."""
    return Server(
        url=settings.LDAP_URL,
        start_tls=settings.LDAP_START_TLS,
        ca_file=settings.LDAP_CA_FILE,
        bind_dn=settings.LDAP_BIND_DN,
        bind_password=settings.LDAP_BIND_PASSWORD,
        base=settings.LDAP_USER_BASE,
        user_filter=settings.LDAP_USER_FILTER,
        timeout=settings.LDAP_TIMEOUT,
        page_size=settings.LDAP_PAGE_SIZE,
        profile=profile(),
    )
