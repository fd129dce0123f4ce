"""Runs everything on PostgreSQL; beside it the linters, then what depends on the database on SQLite.

Most time of the tests is spent waiting for servers and processes, which leaves the processors to the other two.
Coverage is asked for once, where everything runs: to measure it costs half as much again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from tests.services.servers.postgres import postgres_server

COVERED_AT_LEAST = 90
LINT = ["make", "--no-print-directory", "lint"]
PYTEST = [sys.executable, "-m", "pytest", "-q"]
WORKERS = ["-n", "3", "--dist", "loadscope", "--no-loadscope-reorder"]
GATE = ["--cov", f"--cov-fail-under={COVERED_AT_LEAST}", "--cov-report=term:skip-covered"]


def main(chosen: list[str]) -> int:
    """Run the linters and all tests, or only the chosen tests; 0 when all is well."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        others = [] if chosen else [beside.submit(run_aside, "linters", LINT)]
        others.append(beside.submit(run_aside, "suite on SQLite", [*PYTEST, *chosen, "-p", "tests.on_sqlite"]))
        with postgres_server() as server:
            on_postgres = [*PYTEST, *WORKERS, *chosen, *GATE]
            environment = os.environ | {"DATABASE_URL": server.create_database("portal")}
            passed = subprocess.run(on_postgres, env=environment, check=False).returncode == 0
        return 0 if all([*(other.result() for other in others), passed]) else 1


def run_aside(name: str, command: list[str]) -> bool:
    """Whether the command succeeds; what it says is shown when it has ended, in one piece."""
    with tempfile.TemporaryFile("w+") as said:
        passed = subprocess.run(command, stdout=said, stderr=subprocess.STDOUT, check=False).returncode == 0
        said.seek(0)
        sys.stdout.write(f"\nThe {name}: {'passed' if passed else 'FAILED'}\n{said.read()}\n")
        sys.stdout.flush()
    return passed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
