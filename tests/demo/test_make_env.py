"""`bin/make-env` writes settings for development that start as they are, each time with other keys."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.portal.commands import ROOT, environment, manage
from tests.settings import SAMPLE


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "make-env", tmp_path / "bin")
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


def make(checkout: Path) -> dict[str, str]:
    subprocess.run([sys.executable, checkout / "bin" / "make-env"], check=True)
    lines = (checkout / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def test_settings_start_as_they_are(checkout: Path) -> None:
    make(checkout)
    authority = checkout / "ca.pem"
    authority.touch()
    nothing_else: dict[str, str | None] = dict.fromkeys([*SAMPLE, "SMS_GATEWAYS", "SMS_HTTP_URL", "SMS_HTTP_TOKEN"])
    settings = environment(
        checkout / "data", {**nothing_else, "LDAP_CA_FILE": str(authority), "PORTAL_ENV_FILE": str(checkout / ".env")}
    )
    done = manage("check", settings=settings)
    assert done.returncode == 0, done.stderr


def test_settings_are_for_the_owner_only(checkout: Path) -> None:
    make(checkout)
    assert stat.S_IMODE((checkout / ".env").stat().st_mode) == 0o600
    assert not list(checkout.glob(".env.[0-9]*"))


def test_settings_that_exist_are_left_alone(checkout: Path) -> None:
    (checkout / ".env").write_text("SECRET_KEY=mine\n")
    assert make(checkout) == {"SECRET_KEY": "mine"}


@pytest.mark.row("A-6.3.2")
def test_every_checkout_has_keys_of_its_own(checkout: Path) -> None:
    first = make(checkout)
    (checkout / ".env").unlink()
    second = make(checkout)
    for name in ("SECRET_KEY", "MFA_ENCRYPTION_KEYS", "LDAP_BIND_PASSWORD"):
        assert first[name] != second[name]
