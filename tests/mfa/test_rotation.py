from __future__ import annotations

import ast
import io
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from mfa import crypto, rotation
from mfa.models import AuditEvent, Delivery, Factor, HardwareToken, TokenBatch
from tests.portal.commands import ROOT, environment, manage
from tests.portal.tables import ask, make_tables
from tests.services.servers.postgres import Postgres

OLD = configured.MFA_ENCRYPTION_KEYS["t1"]
NEW = bytes(range(1, 33))
OLD_KEY = "t1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NEW_KEY = "new:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="


def one_of_each(user: User, now: datetime) -> list[tuple[rotation.Sealed, int, bytes]]:
    """A sealed text in every column; its place and what it says."""
    factor = Factor(user=user, kind="totp", name="App")
    factor.seal(b"seed of a factor")
    token = HardwareToken(serial="AB1", method="hotp", algorithm="SHA1", digits=6)
    token.seal(b"seed of a token")
    batch = TokenBatch(name="tokens.csv", expires_at=now + timedelta(days=1))
    batch.content = crypto.encrypt(b"content", row=batch.row)
    delivery = Delivery(channel="mail", template="code", recipient="a@portal.test", user=user)
    delivery.body = crypto.encrypt(b"body", row=delivery.row)
    rows: tuple[Factor | HardwareToken | TokenBatch | Delivery, ...] = (factor, token, batch, delivery)
    for row in rows:
        row.save()
    plain = (b"seed of a factor", b"seed of a token", b"content", b"body")
    return [(sealed, row.pk, text) for sealed, row, text in zip(rotation.SEALED, rows, plain, strict=True)]


def reads(sealed: rotation.Sealed, pk: int) -> bytes:
    row = sealed.model._base_manager.get(pk=pk)
    return crypto.decrypt(getattr(row, sealed.column), row=row.row)  # type: ignore[attr-defined]


def rotate(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def test_every_column_that_something_is_encrypted_for_is_rotated() -> None:
    """A model with `row` binds texts to itself; an assignment of `crypto.encrypt(...)` names the column."""
    bound = {model for model in apps.get_models() if isinstance(getattr(model, "row", None), property)}
    assert bound == {sealed.model for sealed in rotation.SEALED}
    written = {column for path in Path(ROOT, "mfa").rglob("*.py") for column in _written(path)}
    assert written == {sealed.column for sealed in rotation.SEALED}


def _written(path: Path) -> list[str]:
    """What the results of `crypto.encrypt` in a file are assigned to; each call must be seen to be."""
    tree = ast.parse(path.read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "crypto.encrypt"]
    targets = [n.targets[0] for n in ast.walk(tree) if isinstance(n, ast.Assign) and n.value in calls]
    if path.name != "rotation.py":
        assert len(targets) == len(calls), path
    return [target.attr for target in targets if isinstance(target, ast.Attribute)]


@pytest.mark.row("A-11.1.1")
@pytest.mark.row("A-11.2.2")
def test_all_secrets_are_read_under_the_new_key_alone(alice: User, now: datetime, settings: Settings) -> None:
    made = one_of_each(alice, now)
    settings.MFA_ENCRYPTION_KEYS = {"new": NEW, "t1": OLD}
    told = json.loads(rotate("--json"))
    assert set(told["rotated"].values()) == {1}
    assert all(counts == {"new": 1} for counts in told["under"].values())
    settings.MFA_ENCRYPTION_KEYS = {"new": NEW}
    assert [reads(sealed, pk) for sealed, pk, _ in made] == [text for _, _, text in made]
    assert AuditEvent.objects.get(action="keys.rotated").details["key"] == "new"


def test_a_second_run_has_nothing_to_do_and_touches_nothing(alice: User, now: datetime, settings: Settings) -> None:
    one_of_each(alice, now)
    settings.MFA_ENCRYPTION_KEYS = {"new": NEW, "t1": OLD}
    rotate()
    before = list(Factor.objects.values_list("secret", flat=True))
    assert "Factor.secret: 0 encrypted anew\n  under new: 1" in rotate()
    assert list(Factor.objects.values_list("secret", flat=True)) == before


def test_key_ids_that_differ_by_case_only_are_two_keys(alice: User, now: datetime, settings: Settings) -> None:
    one_of_each(alice, now)
    settings.MFA_ENCRYPTION_KEYS = {"T1": NEW, "t1": OLD}
    assert json.loads(rotate("--json"))["under"]["mfa.Factor.secret"] == {"T1": 1}


@pytest.mark.row("A-11.2.5")
def test_what_no_key_opens_is_counted_named_and_left_as_it_is(alice: User, now: datetime, settings: Settings) -> None:
    made = one_of_each(alice, now)
    broken = Factor.objects.create(user=alice, kind="totp", name="Broken", secret="gone:AAAA")
    odd = Factor.objects.create(user=alice, kind="totp", name="Odd", secret="no key at all")
    settings.MFA_ENCRYPTION_KEYS = {"new": NEW, "t1": OLD}
    out = io.StringIO()
    with pytest.raises(CommandError, match="cannot be decrypted"):
        call_command("rotate_keys", stdout=out)
    assert f"cannot be decrypted: 2 (ids {broken.pk}, {odd.pk})" in out.getvalue()
    assert "under gone: 1" in out.getvalue()
    assert "under no key: 1" in out.getvalue()
    assert reads(made[0][0], made[0][1]) == b"seed of a factor"
    broken.refresh_from_db()
    assert broken.secret == "gone:AAAA"


def test_counting_changes_nothing(alice: User, now: datetime, settings: Settings) -> None:
    one_of_each(alice, now)
    settings.MFA_ENCRYPTION_KEYS = {"new": NEW, "t1": OLD}
    assert "under t1: 1" in rotate("--count")
    assert not AuditEvent.objects.exists()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The settings of a portal with people whose secrets are under the old key."""
    url = f"sqlite:///{tmp_path / 'portal.sqlite3'}"
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database(f"rotation_{secrets.token_hex(4)}")
    made = environment(tmp_path / "data", {"DATABASE_URL": url, "MFA_ENCRYPTION_KEYS": OLD_KEY})
    make_tables(made)
    acting("make", settings=made)
    return made


def acting(*arguments: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=ROOT, env=dict(settings), capture_output=True, text=True, check=False
    )


def under(place: Mapping[str, str], key: str) -> int:
    return len(ask(place, f"SELECT id FROM mfa_factor WHERE secret LIKE '{key}:%'"))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.mfa.rotating", *arguments]


@pytest.mark.row("F-11")
@pytest.mark.row("A-11.2.2")
@pytest.mark.service("processes")
@pytest.mark.timeout(120)
def test_killed_half_way_beside_people_who_sign_in_then_run_again_nothing_is_lost(place: dict[str, str]) -> None:
    both = {**place, "MFA_ENCRYPTION_KEYS": f"{NEW_KEY},{OLD_KEY}"}
    signing_in = subprocess.Popen(command("verify"), cwd=ROOT, env=both, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert signing_in.stdin is not None
    assert signing_in.stdout is not None
    try:
        assert signing_in.stdout.readline() == b"begun\n"
        assert acting("rotate-and-die", settings=both).returncode < 0
        left, done = (under(place, key) for key in ("t1", "new"))
        assert left
        assert done
        started = time.monotonic()
        again = manage("rotate_keys", "--json", settings=both)
        assert again.returncode == 0, again.stderr
        assert time.monotonic() - started < 60
        assert json.loads(again.stdout)["under"]["mfa.Factor.secret"] == {"new": left + done}
    finally:
        said, _ = signing_in.communicate(b"end\n", timeout=30)
    accepted, refused = json.loads(said)
    assert accepted > 10
    assert refused == 0
    only_new = {**place, "MFA_ENCRYPTION_KEYS": NEW_KEY}
    assert acting("read", settings=only_new).stdout == "all as they were\n"
