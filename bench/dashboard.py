"""A signed-in dashboard page beside a bare Django view, both under gunicorn with two workers over one PostgreSQL.

Three pages are measured in turns: the dashboard; the bare view behind the portal's middleware; the bare view in a
Django that has only sessions and people. The second tells what of the difference the middleware costs.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.load import Load, Page, put_on
from bench.options import add_count
from bench.product import HOST, SESSION_COOKIE, Product
from bench.rows import Row
from tests.services.servers.folders import temporary_folder
from tests.services.servers.postgres import postgres_server

WORDS = "a signed-in dashboard page beside a bare Django view: requests a second, median and slowest"

BARE, BEHIND, DASHBOARD = "bare view", "bare view behind the middleware", "dashboard"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_count(parser, "people", 1000, "people in the database")
    add_count(parser, "events", 40, "events in the history of each person who visits")
    add_count(parser, "requests", 2000, "requests to each page in each round")
    add_count(parser, "at-a-time", 16, "visitors at once")
    add_count(parser, "repeat", 3, "rounds, of which the median counts")


def measure(options: argparse.Namespace) -> list[Row]:
    """Raises BenchFailed, MissingProgram or ServerFailed."""
    with _pages(options) as pages:
        for page in pages.values():
            put_on(page, requests=10 * options.at_a_time, at_a_time=options.at_a_time)
        rounds = [
            {name: put_on(page, requests=options.requests, at_a_time=options.at_a_time) for name, page in pages.items()}
            for _ in range(options.repeat)
        ]
    loads = {name: [one[name] for one in rounds] for name in pages}
    return _rows(loads)


@contextmanager
def _pages(options: argparse.Namespace) -> Iterator[dict[str, Page]]:
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        folder = stack.enter_context(temporary_folder("bench"))
        product = Product(folder, postgres.create_database("portal"))
        product.prepare()
        sizes = (f"--people={options.people}", f"--events={options.events}", f"--visitors={options.at_a_time}")
        keys = product.inside("visitors", *sizes)
        cookies = [f"{SESSION_COOKIE}={key}" for key in keys]
        portal, bare = (stack.enter_context(product.served(f"bench.{name}")) for name in ("settings", "bare_settings"))
        yield {
            BARE: Page(bare, "/bench/bare/", b"bare page of p0", HOST, cookies),
            BEHIND: Page(portal, "/bench/bare/", b"bare page of p0", HOST, cookies),
            DASHBOARD: Page(portal, "/", b"Authenticator app", HOST, cookies),
        }


def _rows(loads: dict[str, list[Load]]) -> list[Row]:
    rates = {name: statistics.median(load.per_second for load in found) for name, found in loads.items()}
    medians = {name: 1000 * statistics.median(load.median for load in found) for name, found in loads.items()}
    slowest = {name: 1000 * statistics.median(load.p99 for load in found) for name, found in loads.items()}
    return [
        Row("dashboard, requests a second, beside a bare view", rates[DASHBOARD], rates[BARE], "/s"),
        Row("dashboard, beside a bare view behind the middleware", rates[DASHBOARD], rates[BEHIND], "/s"),
        Row("dashboard, median time, beside a bare view", medians[DASHBOARD], medians[BARE], "ms"),
        *(Row(f"{name}, slowest of 100, beside its median", slowest[name], medians[name], "ms") for name in loads),
    ]
