"""A portal that is set up wrongly does not start, and says in one sentence which setting is to blame."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal import parse
from tests.portal.commands import environment, manage

pytestmark = pytest.mark.service("processes")

CANARY = "cAnArY-7f3e"
SHORT_KEY = "k1:AAECAwQFBgcICQoLDA0ODw=="
REPEATED_KEY = "k1:" + "A" * 43 + "="
BAD = [
    ("SECRET_KEY", None),
    ("SECRET_KEY", ""),
    ("SECRET_KEY", "change-me"),
    ("SECRET_KEY", f"change-me-{CANARY}-0123456789-abcdefghijklmnopqrstuvwxyz"),
    ("SECRET_KEY", CANARY),
    ("MFA_ENCRYPTION_KEYS", None),
    ("MFA_ENCRYPTION_KEYS", "k1:change-me"),
    ("MFA_ENCRYPTION_KEYS", CANARY),
    ("MFA_ENCRYPTION_KEYS", SHORT_KEY),
    ("MFA_ENCRYPTION_KEYS", REPEATED_KEY),
    (
        "MFA_ENCRYPTION_KEYS",
        "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,k1:HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHgA=",
    ),
    ("PUBLIC_URL", None),
    ("PUBLIC_URL", "http://portal.test"),
    ("PUBLIC_URL", "portal.test"),
    ("PUBLIC_URL", "https://portal.test/2fa/"),
    ("PUBLIC_URL", "javascript:alert(1)"),
    ("EMAIL_URL", None),
    ("EMAIL_URL", f"pop3://user:{CANARY}@mail.test"),
    ("MAIL_FROM", None),
    ("DEBUG", "maybe"),
    ("DATABASE_URL", f"mysql://portal:{CANARY}@db.test/portal"),
    ("DATABASE_URL", CANARY),
    ("DATABASE_URL", f"postgres://portal:{CANARY}@db.test/portal?pooling=statement"),
    ("CACHE_URL", f"memcached://{CANARY}"),
    ("TRUSTED_PROXIES", "everybody"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("MFA_FACTORS", "totp nonsense"),
    ("MFA_FACTORS", "activation activation"),
    ("MFA_FACTORS", "../../etc"),
    ("TIME_ZONE", "Berlin"),
    ("TIME_ZONE", "../../etc/passwd"),
    ("TIME_ZONE", "/etc/passwd"),
    ("DATA_DIR", "/dev/null/data"),
    ("CELERY_BROKER_URL", f"sqs://{CANARY}"),
    ("CELERY_BROKER_URL", "localhost:6379"),
    ("PHONE_DEFAULT_REGION", "Germany"),
    ("PHONE_COUNTRIES", "DE, XX"),
    ("PHONE_SHARED", "sometimes"),
    ("PHONE_STRICT", "perhaps"),
    ("PHONE_REGIONS_BY_OU", "XX: ou=paris,dc=example"),
    ("PHONE_REGIONS_BY_OU", "FR: paris"),
    ("PHONE_REGIONS_BY_OU", "FR: ou=a,dc=b; AT: OU=A, DC=B"),
    ("SIGN_IN_CODE_FIELD", "never"),
    ("LOG_LEVEL", "LOUD"),
    ("LDAP_TIMEOUT", "0"),
    ("LDAP_TIMEOUT", "-5"),
    ("LDAP_TIMEOUT", "five"),
    ("LDAP_TIMEOUT", "５"),
    ("SMS_PER_DAY", "1e3"),
    ("SYNC_MAX_PEOPLE_LOST", "5"),
    ("SYNC_MAX_PEOPLE_LOST", "101%, 10"),
    ("LDAP_GROUPS", "cn=helpdesk,dc=example,dc=org"),
    ("ALARM_MAIL", "nobody"),
]


@pytest.mark.row("A-6.3.2")
@pytest.mark.parametrize(("name", "value"), BAD, ids=[f"{name}-{number}" for number, (name, _) in enumerate(BAD)])
def test_bad_setting_stops_the_start_with_one_sentence_that_names_it(
    tmp_path: Path, name: str, value: str | None
) -> None:
    done = manage("check", settings=environment(tmp_path, {name: value}))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"{name}: must ") or done.stderr.startswith(f"{name}: names ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(".\n")
    assert "Traceback" not in done.stderr
    assert CANARY not in done.stderr


def test_setting_is_read_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-from-a-file\n")
    settings = environment(tmp_path, {"SECRET_KEY": None, "SECRET_KEY_FILE": str(secret)})
    done = manage("shell", "-c", "from django.conf import settings; print(settings.SECRET_KEY[-4:])", settings=settings)
    assert done.stdout.splitlines()[-1] == "file", done.stderr


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_unreadable_file_of_a_setting_is_named(tmp_path: Path, content: bytes | None) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    done = manage("check", settings=environment(tmp_path, {"SECRET_KEY": None, "SECRET_KEY_FILE": str(secret)}))
    assert (done.returncode, done.stderr) == (1, "SECRET_KEY_FILE: names a file that cannot be read as text.\n")


def test_environment_wins_over_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# a comment\nPORTAL_NAME='From the file'\nTIME_ZONE=Europe/Berlin\nnot a setting\n")
    settings = environment(tmp_path, {"PORTAL_ENV_FILE": str(file), "TIME_ZONE": "Europe/Paris"})
    question = "from django.conf import settings; print(settings.PORTAL_NAME, settings.TIME_ZONE)"
    assert manage("shell", "-c", question, settings=settings).stdout.splitlines()[-1] == "From the file Europe/Paris"


@pytest.mark.row("T-18")
def test_sms_to_every_country_needs_a_word_of_the_operator(tmp_path: Path) -> None:
    silent = {"PHONE_DEFAULT_REGION": None, "PHONE_COUNTRIES": None}
    done = manage("check", settings=environment(tmp_path, silent))
    assert done.returncode == 1
    assert done.stderr.startswith("PHONE_COUNTRIES: must be set")
    without_sms = {**silent, "MFA_FACTORS": "totp recovery activation"}
    assert manage("check", settings=environment(tmp_path, without_sms)).returncode == 0


@pytest.mark.row("A-13.4.1")
def test_sample_deployment_passes_the_checks_for_production(tmp_path: Path) -> None:
    behind = environment(tmp_path, {"TRUSTED_PROXIES": "127.0.0.1"})
    done = manage("check", "--deploy", "--fail-level", "WARNING", settings=behind)
    assert done.returncode == 0, done.stderr


def test_checks_for_production_miss_a_proxy_that_nobody_named(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", settings=environment(tmp_path))
    assert done.returncode == 1
    assert re.findall(r"\((\w+\.\w+)\)", done.stderr) == ["mfa.W016"]


@pytest.mark.parametrize(("ending", "planned", "cursors_end"), [("", 1, False), ("?pooling=transaction", None, True)])
def test_behind_a_pooler_by_transaction_nothing_outlives_one(
    ending: str, planned: int | None, cursors_end: bool
) -> None:
    config = parse.database(f"postgres://portal:x@db.test/portal{ending}")
    assert config["OPTIONS"] == {"prepare_threshold": planned}
    assert config["DISABLE_SERVER_SIDE_CURSORS"] is cursors_end
