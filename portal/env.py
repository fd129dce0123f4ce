"""Reads settings from the environment: NAME, or NAME_FILE naming a file that holds the value.

A missing or bad value ends the start with one sentence that names the setting; the value itself is never printed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

T = TypeVar("T")

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


def stop(name: str, sentence: str) -> NoReturn:
    """End the process with one sentence and no traceback: frames of a start hold secrets."""
    raise SystemExit(f"{name}: {sentence}")


def load_file(path: Path) -> None:
    """Take NAME=value lines of `path` into the environment; what is set already wins. A missing file is fine."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("'\""))


def text(name: str, default: str | None = None) -> str:
    """The setting's text; without a `default` it must be given and not be empty."""
    value = _raw(name)
    if value is None or (value == "" and default is None):
        if default is None:
            stop(name, f"must be set, as {name} or as {name}_FILE naming a file that holds it.")
        return default
    return value


def flag(name: str, default: bool) -> bool:
    """A setting that is true or false, in any of the usual spellings."""
    value = text(name, "").lower()
    if value == "":
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    stop(name, "must be true or false.")


def whole(name: str, default: int, *, least: int = 0) -> int:
    """A whole number of `least` or more, in ASCII digits."""
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        stop(name, f"must be a whole number of {least} or more.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas or white space."""
    return text(name, default).replace(",", " ").split()


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of the words in `allowed`."""
    value = text(name, default)
    if value not in allowed:
        stop(name, f"must be one of {', '.join(allowed)}.")
    return value


def parsed(name: str, parse: Callable[[str], T], default: str | None = None) -> T:
    """The setting through `parse`, whose ValueError says what is wrong in one clause without the value."""
    value = text(name, default)
    try:
        return parse(value)
    except ValueError as error:
        stop(name, f"{error}.")


def _raw(name: str) -> str | None:
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        stop(f"{name}_FILE", "names a file that cannot be read as text.")
