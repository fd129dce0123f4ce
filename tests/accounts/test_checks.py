"""Settings of the directory that cannot work are said at the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from accounts import places
from accounts.checks import directory_settings, phone_settings, write_back_settings


@pytest.fixture(autouse=True)
def _working(settings: LazySettings, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    settings.LDAP_URL = "ldaps://directory.example.test"
    settings.LDAP_CA_FILE = str(tmp_path / "ca.pem")
    settings.LDAP_USER_BASE = "ou=people,dc=example,dc=test"
    settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD = "cn=reader", "tall trees"


def test_working_settings_and_no_directory_at_all_are_fine(settings: LazySettings) -> None:
    assert directory_settings(None) == []
    settings.LDAP_URL = ""
    settings.LDAP_USER_BASE = ""
    assert directory_settings(None) == []


@pytest.mark.parametrize(("name", "value", "number"), [
    ("LDAP_URL", "https://directory.example.test", "accounts.E001"),
    ("LDAP_URL", "ldaps://", "accounts.E001"),
    ("LDAP_URL", "ldaps://reader:secret@directory.example.test", "accounts.E001"),
    ("LDAP_URL", "ldaps://directory.example.test:port", "accounts.E001"),
    ("LDAP_URL", "ldaps://[directory", "accounts.E001"),
    ("LDAP_CA_FILE", "/nowhere", "accounts.E003"),
    ("LDAP_USER_BASE", "", "accounts.E004"),
    ("LDAP_BIND_PASSWORD", "", "accounts.E005"),
    ("LDAP_USER_FILTER", "objectClass=person", "accounts.E006"),
    ("LDAP_USER_BASE", "people", "accounts.E007"),
    ("LDAP_ID_ATTRIBUTE", "entry UUID", "accounts.E008"),
    ("LDAP_USERNAME_ATTRIBUTE", "uid)(a=*", "accounts.E008"),
    ("LDAP_PHONE_ATTRIBUTES", ["mobile", "mobile;lang-de"], "accounts.E008"),
    ("LDAP_NAME_ATTRIBUTES", ["1displayName"], "accounts.E008"),
    ("LDAP_DISABLED_WHEN", ["nsAccountLock"], "accounts.E009"),
    ("LDAP_DISABLED_WHEN", ["userAccountControl&two"], "accounts.E009"),
    ("LDAP_DISABLED_WHEN", ["(x)=1"], "accounts.E009"),
])  # fmt: skip
def test_wrong_setting_is_named(settings: LazySettings, name: str, value: object, number: str) -> None:
    setattr(settings, name, value)
    [error] = directory_settings(None)
    assert error.id == number
    assert name in error.msg or name in (error.hint or "")
    assert "secret" not in error.msg


def test_directory_without_tls_stops_the_start(settings: LazySettings) -> None:
    settings.LDAP_URL, settings.LDAP_START_TLS = "ldap://directory.example.test", False
    [error] = directory_settings(None)
    assert error.id == "accounts.E002"


def test_country_that_is_assumed_but_not_accepted_is_named(settings: LazySettings) -> None:
    settings.PHONE_DEFAULT_REGION, settings.PHONE_COUNTRIES = "DE", frozenset({"DE", "FR"})
    settings.PHONE_REGIONS_BY_OU = places.parse("FR: ou=paris,dc=example")
    assert phone_settings(None) == []
    settings.PHONE_COUNTRIES = frozenset({"AT"})
    assert [(found.id, found.msg.split(",")[0]) for found in phone_settings(None)] == [
        ("accounts.W001", "PHONE_DEFAULT_REGION names DE"), ("accounts.W001", "PHONE_REGIONS_BY_OU names FR"),
    ]  # fmt: skip
    settings.PHONE_COUNTRIES = frozenset()
    assert phone_settings(None) == []


@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        ({"LDAP_URL": ""}, "accounts.E030"),
        ({"LDAP_BIND_DN": "", "LDAP_BIND_PASSWORD": ""}, "accounts.E031"),
        ({"LDAP_WRITE_BIND_DN": "cn=writer,dc=example,dc=org"}, "accounts.E032"),
        ({"LDAP_WRITE_BIND_PASSWORD": "secret"}, "accounts.E032"),
    ],
)
def test_writing_back_needs_a_directory_and_an_account(
    settings: LazySettings, wrong: dict[str, str], number: str
) -> None:
    settings.PHONE_AUTHORITY, settings.LDAP_URL = "write_back", "ldaps://directory.example.org"
    settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD = "cn=portal,dc=example,dc=org", "secret"
    assert write_back_settings(None) == []
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert [message.id for message in write_back_settings(None)] == [number]
