"""Numbers changed, apps set up, factors reset, codes checked and directory runs, all at the same time on few people.

What some order of these acts could not have left behind, and every error that nobody expects, makes it fail.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from bench.failures import BenchFailed
from bench.options import add_count
from bench.product import ROOT, Product
from bench.rows import Row
from tests.services.servers.folders import temporary_folder
from tests.services.servers.postgres import postgres_server

WORDS = "changes, resets, directory runs and code checks at the same time, for lost updates and deadlocks"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_count(parser, "minutes", 10, "how long")


def measure(options: argparse.Namespace) -> list[Row]:
    """Raises BenchFailed, MissingProgram or ServerFailed."""
    with postgres_server() as postgres, temporary_folder("bench") as folder:
        product = Product(folder, postgres.create_database("portal"), extra={"PHONE_DEFAULT_REGION": "DE"})
        product.prepare()
        done = subprocess.run(
            [sys.executable, "-m", "tests.races.soak", str(60 * options.minutes)],
            cwd=ROOT, env=product.environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise BenchFailed(f"The soak did not come to its end: {done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    if wrong := [*found["errors"], *found["broken"]]:
        raise BenchFailed("\n".join(["The soak found what may not be:", *wrong]))
    slowest = Row("slowest act", found["slowest"], unit="s")
    return [*(Row(name, count) for name, count in found["counts"].items()), slowest]
