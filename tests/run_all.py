"""Runs what depends on the database on SQLite, then everything on PostgreSQL.

Coverage is asked for once, where everything runs: to measure it costs more than half as much again.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.services.servers.postgres import postgres_server

COVERED_AT_LEAST = 90
COMMON = ["-n", "2", "--dist", "loadfile", "-q"]


def main(chosen: list[str]) -> int:
    on_sqlite = run("SQLite", [*COMMON, *chosen, "-p", "tests.on_sqlite"], {})
    with postgres_server() as server:
        gate = ["--cov", f"--cov-fail-under={COVERED_AT_LEAST}", "--cov-report=term:skip-covered"]
        on_postgres = run("PostgreSQL", [*COMMON, *chosen, *gate], {"DATABASE_URL": server.create_database("portal")})
    return on_sqlite or on_postgres


def run(database: str, arguments: list[str], environment: dict[str, str]) -> int:
    print(f"The suite on {database}:", flush=True)  # noqa: T201  # a command talks to its caller
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], env=os.environ | environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
