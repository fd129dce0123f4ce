"""Runs the suite on SQLite, then on PostgreSQL, and asks for the coverage of both together.

Tests that start other servers or a browser run on PostgreSQL only: what they show does not depend on the database.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.services.servers.postgres import postgres_server

COVERED_AT_LEAST = 90
COMMON = ["-n", "2", "--dist", "loadfile", "--cov", "--cov-append", "-q"]


def main(chosen: list[str]) -> int:
    Path(".coverage").unlink(missing_ok=True)
    on_sqlite = run("SQLite", [*COMMON, *chosen, "-p", "tests.without_servers", "--cov-report="], {})
    with postgres_server() as server:
        gate = [f"--cov-fail-under={COVERED_AT_LEAST}", "--cov-report=term:skip-covered"]
        on_postgres = run("PostgreSQL", [*COMMON, *chosen, *gate], {"DATABASE_URL": server.create_database("portal")})
    return on_sqlite or on_postgres


def run(database: str, arguments: list[str], environment: dict[str, str]) -> int:
    print(f"The suite on {database}:", flush=True)  # noqa: T201  # a command talks to its caller
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], env=os.environ | environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
