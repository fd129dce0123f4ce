"""Settings of the directory that cannot work, said at the start in one sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning as Caution, register

from accounts.directory.readers.ldap import is_dn, is_filter
from accounts.directory.readers.profiles import is_attribute, locks

ATTRIBUTES = (
    "LDAP_ID_ATTRIBUTE", "LDAP_USERNAME_ATTRIBUTE", "LDAP_NAME_ATTRIBUTES", "LDAP_MAIL_ATTRIBUTE",
    "LDAP_PHONE_ATTRIBUTES", "LDAP_REGION_ATTRIBUTES",
)  # fmt: skip
Rule = tuple[str, bool, str, str]
"""Number, whether it is broken, what is wrong, what to do."""


@register
def directory_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Nothing is asked of a portal without a directory; nothing is sent to the directory of one with it."""
    return _errors([*_of_the_server(), *_of_people()]) if settings.LDAP_URL else []


@register
def sources(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """People come from one place, and groups from where people sign in."""
    file, groups = settings.DIRECTORY_FILE, settings.LDAP_GROUPS
    rules = [
        (
            "accounts.E020", bool(file and settings.LDAP_URL), "Both LDAP_URL and DIRECTORY_FILE are set.",
            "Keep one: whoever is missing in either would be taken for a leaver.",
        ),
        (
            "accounts.E021", bool(file) and Path(file).suffix.lower() not in (".csv", ".ldif"),
            "DIRECTORY_FILE names neither a .csv nor an .ldif file.", "Its ending says how it is read.",
        ),
        (
            "accounts.E022", bool(groups) and not settings.LDAP_URL, "LDAP_GROUPS needs the directory of LDAP_URL.",
            "Files bring people only; leave LDAP_GROUPS out.",
        ),
        (
            "accounts.E023", not all(is_dn(rule.dn) for rule in groups), "LDAP_GROUPS names what is no group's place.",
            "Write helpdesk: cn=helpdesk,ou=groups,dc=example,dc=org, and a backslash before a semicolon in a name.",
        ),
    ]  # fmt: skip
    return _errors(rules)


@register
def write_back_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Numbers can be written to a directory only where there is one, by an account that may."""
    wanted = settings.PHONE_AUTHORITY == "write_back"
    own, password = settings.LDAP_WRITE_BIND_DN, settings.LDAP_WRITE_BIND_PASSWORD
    rules = [
        (
            "accounts.E030", wanted and not settings.LDAP_URL,
            "PHONE_AUTHORITY=write_back needs the directory of LDAP_URL.",
            "Set LDAP_URL, or choose newest, directory or self.",
        ),
        (
            "accounts.E031", wanted and bool(settings.LDAP_URL) and not (own or settings.LDAP_BIND_DN),
            "PHONE_AUTHORITY=write_back has no account that writes to the directory.",
            "Set LDAP_WRITE_BIND_DN and LDAP_WRITE_BIND_PASSWORD, or LDAP_BIND_DN and LDAP_BIND_PASSWORD.",
        ),
        (
            "accounts.E032", bool(own) != bool(password),
            "LDAP_WRITE_BIND_DN and LDAP_WRITE_BIND_PASSWORD go together.",
            "Set both: without a password a bind is anonymous.",
        ),
    ]  # fmt: skip
    return _errors(rules)


@register
def phone_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Rules for telephone numbers that contradict each other: what they read would always be refused."""
    allowed = settings.PHONE_COUNTRIES
    default = settings.PHONE_DEFAULT_REGION
    named = {
        "PHONE_DEFAULT_REGION": {default} if default else set(),
        "PHONE_REGIONS_BY_OU": {place.region for place in settings.PHONE_REGIONS_BY_OU},
    }
    return [
        Caution(
            f"{name} names {', '.join(sorted(regions - allowed))}, whose numbers PHONE_COUNTRIES does not accept.",
            hint="Name the country there too, or leave it out here.",
            id="accounts.W001",
        )
        for name, regions in named.items()
        if allowed and not regions <= allowed
    ]


def _errors(rules: Iterable[Rule]) -> list[CheckMessage]:
    return [Error(words, hint=hint, id=number) for number, wrong, words, hint in rules if wrong]


def _of_the_server() -> list[Rule]:
    return [
        (
            "accounts.E001", not _is_address(settings.LDAP_URL),
            "LDAP_URL is no address of a directory.", "Write it as ldaps://directory.your-organisation.org.",
        ),
        (
            "accounts.E002", settings.LDAP_URL.lower().startswith("ldap:") and not settings.LDAP_START_TLS,
            "The directory would be asked without TLS.", "Use ldaps:// in LDAP_URL, or LDAP_START_TLS=true.",
        ),
        (
            "accounts.E003", bool(settings.LDAP_CA_FILE) and not Path(settings.LDAP_CA_FILE).is_file(),
            "LDAP_CA_FILE names no file.", "Name a PEM file with the authority of the directory's certificate.",
        ),
        (
            "accounts.E005", bool(settings.LDAP_BIND_DN) != bool(settings.LDAP_BIND_PASSWORD),
            "LDAP_BIND_DN and LDAP_BIND_PASSWORD go together.", "Set both: without a password a bind is anonymous.",
        ),
    ]  # fmt: skip


def _of_people() -> list[Rule]:
    return [
        (
            "accounts.E004", not settings.LDAP_USER_BASE,
            "LDAP_USER_BASE is missing.", "Name the entry below which people are, such as ou=people,dc=example,dc=org.",
        ),
        (
            "accounts.E006", bool(settings.LDAP_USER_FILTER) and not is_filter(settings.LDAP_USER_FILTER),
            "LDAP_USER_FILTER is no valid filter.", "Write it with its brackets, such as (objectClass=inetOrgPerson).",
        ),
        (
            "accounts.E007", bool(settings.LDAP_USER_BASE) and not is_dn(settings.LDAP_USER_BASE),
            "LDAP_USER_BASE is no distinguished name.", "Write it as ou=people,dc=example,dc=org.",
        ),
        (
            "accounts.E008", bool(wrong := _bad_attributes()),
            f"{wrong} names no attribute.", "Write letters, digits and hyphens, such as telephoneNumber.",
        ),
        (
            "accounts.E009", not _are_conditions(settings.LDAP_DISABLED_WHEN),
            "LDAP_DISABLED_WHEN is not understood.", "Write nsAccountLock=true or userAccountControl&2.",
        ),
    ]  # fmt: skip


def _bad_attributes() -> str:
    """The settings whose attributes no directory can have, joined by commas."""
    names = {name: getattr(settings, name) for name in ATTRIBUTES}
    several = {name: [value] if isinstance(value, str) else value for name, value in names.items() if value}
    return ", ".join(name for name, values in several.items() if not all(map(is_attribute, values)))


def _are_conditions(words: list[str]) -> bool:
    try:
        locks(words)
    except ValueError:
        return False
    return True


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = parts.hostname or (parts.scheme == "ldapi" and parts.netloc)
        return (
            parts.scheme in ("ldap", "ldaps", "ldapi") and bool(named) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:
        return False
