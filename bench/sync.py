"""Directory runs beside `ldapsearch` of the same entries and attributes, on the same slapd in the same minutes.

Both go over StartTLS, in pages of 1000, as the same service account. A run is timed from its first act to its report,
in a process of its own whose start does not count; the whole of `ldapsearch` counts, which starts in milliseconds.
An incremental run follows the server's log (syncrepl), which tells who was deleted as well. Where nothing tells that, a
run counts the ids of everybody: so it is with a filter that asks for groups, which a log says nothing about.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from accounts.directory.readers.profiles import OPENLDAP
from bench.failures import BenchFailed
from bench.options import add_count
from bench.product import Product
from bench.rows import Row, Target
from tests.services.servers.folders import temporary_folder
from tests.services.servers.postgres import Postgres, postgres_server
from tests.services.servers.processes import find_program
from tests.services.servers.slapd import Slapd, slapd_server

WORDS = "directory runs (everything new, nothing or 1 % changed, incremental) beside ldapsearch of the same entries"

PAGE = 1000
FILTER = "(objectClass=inetOrgPerson)"
INCREMENTAL, INCREMENTAL_SOME = "incremental, nothing changed", "incremental, 1 % changed"
COUNTING = "incremental, nothing changed, ids counted"
BY_GROUP = f"(|{FILTER}(memberOf=cn=staff))"
"""Finds the same people, and has the ids counted in each run with `SYNC_COUNT_EVERY_MINUTES` 0."""
TARGETS = {
    "everything new": Target("<=", 8),
    "nothing changed": Target("<=", 2),
    INCREMENTAL: Target("<=", 0.15),
    "1 % changed": Target("<=", 2.3),
    INCREMENTAL_SOME: Target("<=", 2.3),
    COUNTING: Target("<=", 1.3),
}
EMPTY = "empty"
MEBIBYTE = 1024.0
"""In KiB, in which the kernel counts."""
MOST_MEMORY = 400.0
"""MiB, at a million entries as well."""


def add_options(parser: argparse.ArgumentParser) -> None:
    add_count(parser, "entries", 100_000, "people in the directory")
    add_count(parser, "repeat", 5, "rounds, of which the median counts")
    parser.add_argument(
        "--profile", type=Path, metavar="FOLDER", help="run under the profiler and leave its figures here"
    )


@dataclass
class Timings:
    """Of each work: seconds of the runs, of the searches around them, and the most memory in KiB."""

    runs: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TARGETS})
    searches: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TARGETS})
    peaks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TARGETS, 0))


def measure(options: argparse.Namespace) -> list[Row]:
    """Raises BenchFailed, also when a run did not do what was asked of it, MissingProgram or ServerFailed."""
    timings = Timings()
    if options.profile:
        options.profile.mkdir(parents=True, exist_ok=True)
    with _bench(options.entries, options.profile) as bench:
        for number in range(options.repeat):
            bench.round(number, timings)
    return [*_speed(timings), *_memory(timings)]


@dataclass
class Bench:
    """The servers with everybody in the directory, and a portal without anybody."""

    slapd: Slapd
    postgres: Postgres
    product: Product
    counting: Product
    secret_file: Path
    entries: int
    profiles: Path | None

    def round(self, number: int, timings: Timings) -> None:
        self._fresh_database()
        changed = max(1, self.entries // 100)
        self._work("everything new", timings, created=self.entries)
        self._work("nothing changed", timings, unchanged=self.entries)
        self._work(INCREMENTAL, timings, entries=0)
        self._change(number, changed)
        self._work("1 % changed", timings, updated=changed)
        self._change(number + 50, changed)
        self._work(INCREMENTAL_SOME, timings, updated=changed)
        self.counting.inside("sync")  # everybody once, since the filter is another one
        self._work(COUNTING, timings, unchanged=0, deactivated=0)

    def _work(self, name: str, timings: Timings, **expected: int) -> None:
        before, product = self._search(), self.counting if name == COUNTING else self.product
        profile = [f"--profile={self.profiles.resolve() / name}.prof"] if self.profiles else []
        mode = "incremental" if name.startswith("incremental") else "full"
        done = product.inside("sync", *profile, *(["--incremental"] if mode == "incremental" else []))
        found = {count: done["counts"].get(count) for count in expected}
        if (done["state"], done["mode"]) != ("done", mode) or found != expected:
            raise BenchFailed(f"{name}: {expected} was expected, the run was {done}.")
        # On both sides of the run, since a machine is not equally busy all the time.
        timings.searches[name].append(statistics.mean([before, self._search()]))
        timings.runs[name].append(done["seconds"])
        timings.peaks[name] = max(timings.peaks[name], done["peak_kib"])
        spent = f"{done['seconds']:.2f} s, of processor time {done['cpu_seconds']:.2f} s"
        print(f"{name}: {spent}, {done['peak_kib'] / MEBIBYTE:.0f} MiB", file=sys.stderr, flush=True)

    def _search(self) -> float:
        """Seconds that `ldapsearch` takes to print everybody."""
        program = find_program("ldapsearch", "ldap-utils")
        paged = ["-E", f"pr={PAGE}/noprompt", "-ZZ", "-x", "-LLL", "-H", self.slapd.url]
        account = ["-D", self.slapd.bind_dn, "-y", str(self.secret_file)]
        command = [program, *paged, *account, "-b", self.slapd.base, FILTER, *OPENLDAP.attributes]
        environment = os.environ | {"LDAPTLS_CACERT": str(self.slapd.ca_file)}
        begun = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, check=False)
        seconds = time.perf_counter() - begun
        if done.returncode:
            raise BenchFailed(f"ldapsearch failed: {done.stderr.decode()[-500:]}")
        return seconds

    def _fresh_database(self) -> None:
        with psycopg.connect(self.postgres.url, autocommit=True) as link:
            name = sql.Identifier(_database(self.product))
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            link.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(EMPTY)))

    def _change(self, number: int, count: int) -> None:
        """New mobile numbers for `count` people spread over the directory, unlike those of other rounds."""
        step = self.entries // count
        with self.slapd.connection() as root:
            for person in range(0, count * step, step):
                new = f"+44 7{500 + number % 100} {person % 1_000_000:06d}".encode()
                root.modify_s(f"uid=u{person:07d},{self.slapd.base}", [(2, "mobile", [new])])


@contextmanager
def _bench(entries: int, profiles: Path | None) -> Iterator[Bench]:
    with ExitStack() as stack:
        slapd, postgres = stack.enter_context(slapd_server()), stack.enter_context(postgres_server())
        folder = stack.enter_context(temporary_folder("bench"))
        Product(folder, postgres.create_database(EMPTY)).prepare()
        slapd.generate_people(entries)
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(slapd.password)
        directory = _directory(slapd, secret)
        product = Product(folder, postgres.url_of("portal"), directory)
        by_group = {"LDAP_USER_FILTER": BY_GROUP, "SYNC_COUNT_EVERY_MINUTES": "0"}
        counting = Product(folder, postgres.url_of("portal"), directory | by_group)
        yield Bench(slapd, postgres, product, counting, secret, entries, profiles)


def _database(product: Product) -> str:
    return product.database_url.rpartition("/")[2]


def _directory(slapd: Slapd, secret: Path) -> dict[str, str]:
    return {
        "LDAP_URL": slapd.url,
        "LDAP_START_TLS": "true",
        "LDAP_CA_FILE": str(slapd.ca_file),
        "LDAP_BIND_DN": slapd.bind_dn,
        "LDAP_BIND_PASSWORD_FILE": str(secret),
        "LDAP_USER_BASE": slapd.base,
        "LDAP_USER_FILTER": FILTER,
        "LDAP_PAGE_SIZE": str(PAGE),
    }


def _speed(timings: Timings) -> Iterator[Row]:
    for name, target in TARGETS.items():
        run, search = statistics.median(timings.runs[name]), statistics.median(timings.searches[name])
        yield Row(f"run, {name}, beside ldapsearch", run, search, "s", target)


def _memory(timings: Timings) -> Iterator[Row]:
    for name, peak in timings.peaks.items():
        yield Row(f"peak memory, {name}", peak / MEBIBYTE, MOST_MEMORY, "MiB", Target("<=", 1))
