"""Database queries of every page that a signed-in administrator reaches by links: with many rows beside with few.

More queries where there are more rows mean a query in a loop. Runs on SQLite: the count is the same on any database.
"""

from __future__ import annotations

import argparse

from bench.options import add_count
from bench.product import Product
from bench.rows import Row, Target
from tests.services.servers.folders import temporary_folder

WORDS = "database queries of every page, with many people, factors and events beside with few"
NO_MORE = Target("<=", 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_count(parser, "people", 200, "people where there are many, beside two")
    add_count(parser, "each", 10, "factors of each, and a quarter of their events, beside one")


def measure(options: argparse.Namespace) -> list[Row]:
    """Raises BenchFailed, also where a page answers neither with itself nor with another page."""
    with temporary_folder("bench") as folder:
        product = Product(folder, f"sqlite:///{folder}/portal.sqlite3")
        product.prepare()
        found = product.inside("queries", f"--people={options.people}", f"--each={options.each}")
    few, many = found["few"], found["many"]
    return [_row(f"/{route}", many[route], few.get(route)) for route in sorted(many)]


def _row(name: str, many: int, few: int | None) -> Row:
    """A page that only many rows bring about promises nothing; one without any query has no ratio."""
    return Row(name, many, few, target=NO_MORE if few else None)
