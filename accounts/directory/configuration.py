"""The settings of the directory and of telephone numbers, as the pure modules want them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from django.conf import settings

from accounts.directory.drafts import Authority, Policy, Sharing
from accounts.directory.guards import SETTINGS, Guard, Limits
from accounts.directory.readers import DirectoryReader
from accounts.directory.readers.csv import CsvReader
from accounts.directory.readers.ldap import FollowedLdapReader, Server
from accounts.directory.readers.ldif import LdifReader
from accounts.directory.readers.profiles import PROFILES, Profile
from accounts.phone_rules import rules as rules


def configured() -> bool:
    """True when this portal has a directory, be it a file."""
    return bool(settings.LDAP_URL or settings.DIRECTORY_FILE)


def knows_passwords() -> bool:
    """True when people can sign in with the directory's password: a file has none."""
    return bool(settings.LDAP_URL)


def reader() -> DirectoryReader:
    """What runs read."""
    return file_reader(Path(settings.DIRECTORY_FILE)) if settings.DIRECTORY_FILE else _ldap_reader()


def _ldap_reader() -> DirectoryReader:
    return FollowedLdapReader(server(), count_every=timedelta(minutes=settings.SYNC_COUNT_EVERY_MINUTES))


def file_reader(path: Path) -> DirectoryReader:
    """A file that stands for the directory, by its ending."""
    kind = CsvReader if path.suffix.lower() == ".csv" else LdifReader
    return kind(path, profile=profile())


def policy(now: datetime) -> Policy:
    """What happens to numbers that two people have, that two places say differently, that replace confirmed ones."""
    rest = timedelta(hours=settings.PHONE_COOL_DOWN_HOURS)
    return Policy(
        sharing=cast(Sharing, settings.PHONE_SHARED),
        authority=cast(Authority, settings.PHONE_AUTHORITY),
        rests_until=now + rest if rest else None,
    )


def limits() -> dict[Guard, Limits]:
    """How much one run may change, for each guard."""
    return {guard: _limits(name) for guard, name in SETTINGS.items()}


def group_limits() -> Limits:
    """How many members a group may lose in one run, and one that gives rights may gain."""
    return _limits("SYNC_MAX_GROUP_CHANGES")


def _limits(name: str) -> Limits:
    percent, least = getattr(settings, name)
    return Limits(percent, least, name)


def full_every() -> timedelta:
    """How long incremental runs go on without one that reads everybody."""
    return timedelta(hours=settings.SYNC_FULL_EVERY_HOURS)


def profile() -> Profile:
    """What the attributes of this directory are called."""
    return PROFILES[settings.LDAP_PROFILE].with_names(
        id=settings.LDAP_ID_ATTRIBUTE,
        username=settings.LDAP_USERNAME_ATTRIBUTE,
        name=settings.LDAP_NAME_ATTRIBUTES,
        mail=settings.LDAP_MAIL_ATTRIBUTE,
        phones=settings.LDAP_PHONE_ATTRIBUTES,
        region=settings.LDAP_REGION_ATTRIBUTES,
        disabled_when=settings.LDAP_DISABLED_WHEN,
    )


def writing_server() -> Server:
    """The same server, for the account that writes numbers back."""
    reads = server()
    if not settings.LDAP_WRITE_BIND_DN:
        return reads
    return replace(reads, bind_dn=settings.LDAP_WRITE_BIND_DN, bind_password=settings.LDAP_WRITE_BIND_PASSWORD)


def server() -> Server:
    """The directory server."""
    names = profile()
    return Server(
        url=settings.LDAP_URL,
        start_tls=settings.LDAP_START_TLS,
        ca_file=settings.LDAP_CA_FILE,
        bind_dn=settings.LDAP_BIND_DN,
        bind_password=settings.LDAP_BIND_PASSWORD,
        base=settings.LDAP_USER_BASE,
        user_filter=settings.LDAP_USER_FILTER or names.everybody,
        timeout=settings.LDAP_TIMEOUT,
        page_size=settings.LDAP_PAGE_SIZE,
        profile=names,
    )
