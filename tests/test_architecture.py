"""House rules that no linter knows, held by the machine."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from mfa.factors.webauthn import alone
from mfa.pages import sessions

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("accounts", "mfa", "portal", "demo")
OF_PAGES = {"flows.py", "forms.py", "views.py", "templates"}
FACTOR_FILES = {"__init__.py", "apps.py", "factor.py", "flows.py", "forms.py", "views.py", "urls.py", "templates"}
NOT_PAGES = ("mail", "sms")
WITHOUT_COOKIES = ("verify", "challenge", "radius/authorize")
"""The interface, which knows callers by their keys and reads no cookie."""
WITHOUT_A_ROOM = {"__init__", "__pycache__", "apps", "migrations"}
"""What every folder has that Django or Python asks for."""
INLINE = {
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*application/json)", re.IGNORECASE),
    "a script address": re.compile(r"=\s*[\"']?\s*javascript:", re.IGNORECASE),
    "another site's file": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ),
}


def python_files(*folders: str) -> list[Path]:
    found = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [file for file in found if "migrations" not in file.parts]


def templates() -> list[Path]:
    folders = [ROOT / "templates", *ROOT.glob("mfa/**/templates"), *ROOT.glob("accounts/**/templates")]
    return sorted({file for folder in folders for file in folder.rglob("*.html")})


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def nodes(*folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for file in python_files(*folders):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield file, node


def test_imports_point_down() -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout


def test_every_module_has_its_room_in_the_architecture_and_nothing_else_has() -> None:
    plan = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    for folder in PRODUCT[:3]:
        room = re.split(r"^\w+/ ", plan.partition(f"\n{folder}/ ")[2], flags=re.MULTILINE)[0]
        found = {child.stem for child in (ROOT / folder).iterdir()} - WITHOUT_A_ROOM
        headings = " ".join(re.findall(r"^  ((?:[a-z_]+(?:\.py|/) )+)", room, re.MULTILINE))
        assert found <= set(re.findall(r"[a-z_]+", room)), folder
        assert {heading.partition(".")[0].strip("/") for heading in headings.split()} <= found, folder


def test_files_stay_short() -> None:
    lengths = {
        name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files(*PRODUCT, "tests")
    }
    assert not {file: lines for file, lines in lengths.items() if lines > (500 if file.startswith("tests") else 400)}


def test_every_file_has_postponed_annotations() -> None:
    filled = [file for file in python_files(*PRODUCT, "tests", "bench") if file.name != "__init__.py"]
    assert not [name(f) for f in filled if "from __future__ import annotations" not in f.read_text(encoding="utf-8")]


@pytest.mark.row("A-3.4.3")
@pytest.mark.parametrize("what", INLINE)
def test_no_template_holds_what_the_policy_refuses(what: str) -> None:
    assert not [name(file) for file in templates() if INLINE[what].search(file.read_text(encoding="utf-8"))]


def test_templates_switch_escaping_off_in_plain_text_only() -> None:
    switched = re.compile(r"\|safe\b|autoescape off")
    assert not [name(file) for file in templates() if switched.search(file.read_text(encoding="utf-8"))]


@pytest.mark.row("N-28")
@pytest.mark.row("A-3.5.1")
def test_no_view_is_exempt_from_csrf_protection() -> None:
    assert "django.middleware.csrf.CsrfViewMiddleware" in settings.MIDDLEWARE
    exempt = {
        pattern.callback for pattern in patterns(get_resolver()) if getattr(pattern.callback, "csrf_exempt", False)
    }
    receipt = resolve("/receipts/twilio/key/token/").func  # believed by token and signature; no cookie is read
    assert exempt == {receipt, *(resolve(f"/api/v1/{path}").func for path in WITHOUT_COOKIES)}


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


@pytest.mark.row("N-28")
def test_no_script_keeps_anything_in_the_browser() -> None:
    storage = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.open")
    scripts = [file for file in (ROOT / "static").rglob("*.js") if "vendor" not in file.parts]
    assert scripts
    assert not [name(file) for file in (*scripts, *templates()) if storage.search(file.read_text(encoding="utf-8"))]


@pytest.mark.row("T-60c")
def test_sessions_are_opened_by_the_ways_of_signing_in_and_by_nothing_else() -> None:
    """No page lets one person act as another."""
    opened = [
        f"{name(file)}: {ast.unparse(node.func)}"
        for file, node in nodes(*PRODUCT)
        if isinstance(node, ast.Call) and re.fullmatch(r"(\w+\.)?(login|sign_in|force_login)", ast.unparse(node.func))
    ]
    assert sorted(opened) == [
        "mfa/delivery/smtp.py: session.login",
        "mfa/factors/activation/password_views.py: sessions.sign_in",
        "mfa/factors/webauthn/sign_in_views.py: sessions.sign_in",
        "mfa/pages/sessions.py: login",
        "mfa/pages/sign_in.py: sessions.sign_in",
    ]
    assert not [
        name(f) for f in python_files(*PRODUCT) if re.search(r"_auth_user_id|\bSESSION_KEY\b.*auth", f.read_text())
    ]


@pytest.mark.row("T-76")
def test_each_keyed_hash_has_a_salt_of_its_own() -> None:
    salts = [
        ast.literal_eval(node.args[0])
        for _, node in nodes(*PRODUCT)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "salted_hmac"
    ]
    assert len(salts) == len(set(salts)) >= 8
    assert alone.SALT != sessions.BROWSER
    assert not re.search(
        r"django\.core import signing|django\.core\.signing", "".join(f.read_text() for f in python_files(*PRODUCT))
    )


@pytest.mark.row("A-6.5.3")
def test_no_predictable_random_source_is_used() -> None:
    assert not imported("random", *PRODUCT)


@pytest.mark.row("A-11.4.1")
def test_md5_is_used_for_motp_codes_and_nowhere_else() -> None:
    named = [name(file) for file in python_files(*PRODUCT) if re.search(r"\bmd5\b", file.read_text(), re.IGNORECASE)]
    assert named == ["mfa/factors/motp/algorithm.py"]


def test_nothing_is_read_in_a_format_that_can_run() -> None:
    """Fingerprints are made of marshal's bytes, which nobody ever reads."""
    assert not [*imported("pickle", *PRODUCT), *imported("yaml", *PRODUCT)]
    assert {place.partition(":")[0] for place in imported("marshal", *PRODUCT)} == {"accounts/directory/entries.py"}
    assert "marshal.load" not in (ROOT / "accounts/directory/entries.py").read_text(encoding="utf-8")


def imported(module: str, *folders: str) -> list[str]:
    found = []
    for file, node in nodes(*folders):
        if isinstance(node, ast.Import) and any(alias.name.partition(".")[0] == module for alias in node.names):
            found.append(name(file))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == module and not node.level:
            found.append(name(file))
    return found


def test_no_error_is_caught_without_being_named() -> None:
    broad = []
    for file, node in nodes(*PRODUCT):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.id if isinstance(node.type, ast.Name) else "" if node.type is None else "named"
            if caught in ("", "Exception", "BaseException"):
                broad.append(f"{name(file)}:{node.lineno}")
    assert broad == []


def test_every_factor_is_built_of_the_same_files() -> None:
    folders = [file.parent for file in (ROOT / "mfa" / "factors").glob("*/apps.py")]
    assert folders
    lacking = {folder.name: FACTOR_FILES - {child.name for child in folder.iterdir()} for folder in folders}
    assert lacking.pop("temporary") == OF_PAGES, "helpdesk gives it and takes it back: its owner has no page for it"
    assert not any(lacking.values())


def test_factors_bring_no_tables() -> None:
    assert not [config.label for config in apps.get_app_configs() if config.label.startswith("mfa_") and config.models]


def test_requirements_are_pinned_with_hashes() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert pins
        assert all(re.match(r"[A-Za-z0-9._\[\],-]+==[^ ]+ \\$", line) for line in pins)


def test_no_test_empties_the_tables_that_a_migration_filled() -> None:
    """A transactional test flushes roles and schedules away from every test after it."""
    mark = "transaction=" + "True"
    assert not [name(file) for file in python_files("tests") if mark in file.read_text(encoding="utf-8")]
