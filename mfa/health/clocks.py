"""How far this process's clock is from the database's."""

from __future__ import annotations

import time

from django.db import connection

OFF = 15.0
"""Seconds from which on codes of people are refused."""
_SQL = {
    "postgresql": "SELECT EXTRACT(EPOCH FROM clock_timestamp())",
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
}


def against_database() -> tuple[float, float]:
    """Seconds that this clock is ahead of the database's (negative: behind), and seconds the question took."""
    before, started = time.time(), time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(_SQL[connection.vendor])
        (theirs,) = cursor.fetchone()
    took = time.monotonic() - started
    return before + took / 2 - float(theirs), took
