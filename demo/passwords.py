"""Passwords of the samples: made at the first run, kept beside the sample data, shown at every start."""

from __future__ import annotations

import json
import os
import secrets

from django.conf import settings

FOLDER = settings.DATA_DIR / "demo"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def of(name: str) -> str:
    """The password of the sample `name`, made when it is asked for first."""
    known = _read()
    if name not in known:
        known[name] = "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4))
        _write(known)
    return known[name]


def keep(name: str, text: str) -> None:
    """Keep a secret of the samples that was made elsewhere, for `of`."""
    _write(_read() | {name: text})


def _read() -> dict[str, str]:
    file = FOLDER / "passwords.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _write(known: dict[str, str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    draft = FOLDER / "passwords.new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=2)
    draft.rename(FOLDER / "passwords.json")
