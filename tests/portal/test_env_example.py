"""`.env.example` is the list of all settings: none missing, none too many, each with its meaning."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.portal.commands import ROOT, environment, manage

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
READERS = {"text", "flag", "whole", "words", "choice", "parsed"}


def names_read() -> set[str]:
    """The names that portal/settings.py and portal/serving.py ask `env` for."""
    found = set()
    for file in ("settings.py", "serving.py"):
        for node in ast.walk(ast.parse((ROOT / "portal" / file).read_text(encoding="utf-8"))):
            if _asks_env(node):
                assert isinstance(node, ast.Call)
                name = node.args[0]
                assert isinstance(name, ast.Constant), "names of settings are written out"
                found.add(str(name.value))
    return found


def _asks_env(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.func.attr in READERS
    )


def names_listed() -> list[str]:
    return re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE, re.MULTILINE)


def test_every_setting_that_is_read_is_listed() -> None:
    assert names_read() - set(names_listed()) == set()


def test_every_listed_setting_is_read() -> None:
    assert set(names_listed()) - names_read() == set()


def test_no_setting_is_listed_twice() -> None:
    assert len(names_listed()) == len(set(names_listed()))


def test_every_setting_has_its_meaning_above_it() -> None:
    explained = False
    for line in EXAMPLE.splitlines():
        is_setting = re.match(r"#?[A-Z][A-Z0-9_]+=", line) is not None
        assert not is_setting or explained, line
        explained = line.startswith("# ") or is_setting


def test_example_as_it_stands_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(EXAMPLE)
    settings = environment(tmp_path, {"PORTAL_ENV_FILE": str(file), "SECRET_KEY": None})
    assert manage("check", settings=settings).stderr.startswith("SECRET_KEY: ")
