"""Secrets that are looked for in everything that is kept, in every spelling, and what is kept."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection


def tables() -> str:
    """Every row of every table, as a thief of a dump would read them."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        rows = []
        for name in names:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            rows.append(str(cursor.fetchall()))
    return "\n".join(rows)


def texts_in_tables() -> str:
    """As `tables`, without numbers and times: six digits of theirs may be those of a code."""
    with connection.cursor() as cursor:
        found = []
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            found += [cell for row in cursor.fetchall() for cell in row if isinstance(cell, str)]
    return re.sub(r"\d{4}-\d\d-\d\d[ T][\d:.]+", "", "\n".join(found))


def broker() -> str:
    folder = Path(settings.DATA_DIR) / "broker"
    files = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    encoded = re.findall(r'"body": "([^"]+)"', "".join(files))
    bodies = [base64.b64decode(body).decode(errors="replace") for body in encoded]
    return "\n".join(files + bodies)


def forms(secret: bytes) -> set[str]:
    """The spellings in which a secret might be kept."""
    plain = secret.decode("latin-1")
    padded = {base64.b32encode(secret).decode(), base64.b64encode(secret).decode()}
    return {plain, secret.hex(), quote(plain), repr(plain)[1:-1], *(text.rstrip("=") for text in padded)}


class Canaries:
    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}
        self.codes: list[str] = []

    def add(self, name: str, secret: str | bytes) -> None:
        self.secrets[name] = secret.encode() if isinstance(secret, str) else secret

    def found_in(self, sink: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if any(form in sink for form in forms(secret))]
