"""Pages of a long plan beside the only page of a short one, as an administrator sees them before a run.

The first page, one in the middle and the last one, from gunicorn with two workers over PostgreSQL, one visitor at a
time. A ratio of 1 means that it does not matter how long the plan is.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.load import Page, put_on
from bench.options import add_count
from bench.product import HOST, SESSION_COOKIE, Product
from bench.rows import Row, Target
from tests.services.servers.folders import temporary_folder
from tests.services.servers.postgres import postgres_server

WORDS = "the first, the middle and the last page of a long plan's preview beside the page of a short one"

PER_PAGE = 50
SHORT = "short plan"
HARDLY_MORE = Target("<=", 1.5)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_count(parser, "rows", 100_000, "people whom the long plan changes")
    add_count(parser, "requests", 50, "requests to each page in each round")
    add_count(parser, "repeat", 3, "rounds, of which the median counts")


def measure(options: argparse.Namespace) -> list[Row]:
    """Raises BenchFailed, MissingProgram or ServerFailed."""
    times: dict[str, list[float]] = {}
    with _pages(options.rows) as pages:
        for number in range(options.repeat + 1):
            for name, page in pages.items():
                median = put_on(page, requests=options.requests, at_a_time=1).median
                # The first round warms caches and connections.
                times.setdefault(name, []).extend([1000 * median] if number else [])
    short = statistics.median(times.pop(SHORT))
    return [
        Row(f"{name} page of {options.rows} rows, beside that of a short plan", statistics.median(found), short, "ms",
            HARDLY_MORE)
        for name, found in times.items()
    ]  # fmt: skip


@contextmanager
def _pages(rows: int) -> Iterator[dict[str, Page]]:
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        folder = stack.enter_context(temporary_folder("bench"))
        product = Product(folder, postgres.create_database("portal"))
        product.prepare()
        made = product.inside("plan", f"--rows={rows}", f"--few={PER_PAGE}")
        port = stack.enter_context(product.served())
        cookies, path = [f"{SESSION_COOKIE}={made['session']}"], "/admin/accounts/syncrun/{}/change/"
        short, long = path.format(made["few"]), path.format(made["many"])
        yield {
            SHORT: Page(port, short, b"u0000000", HOST, cookies),
            "first": Page(port, long, b"u0000000", HOST, cookies),
            "middle": Page(
                port, f"{long}?after={made['middle']}", b"u%07d" % min(rows // 2 + 1, rows - 1), HOST, cookies
            ),
            "last": Page(port, f"{long}?before=last", b"u%07d" % (rows - 1), HOST, cookies),
        }
