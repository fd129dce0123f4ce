"""Codes over HTTP beside a bare Django view with django-otp, under the same server over the same PostgreSQL.

The bare view does what nobody could leave out: it finds the person, locks the device's row, lets django-otp verify the
code and adds a row to the log, in one transaction. Each code is typed once: every request is about another person.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from django_otp.oath import hotp

from bench.load import Load, Packets, Post, put_on
from bench.options import add_count
from bench.product import HOST, Product
from bench.rows import Row, Target
from tests.services.servers.folders import temporary_folder
from tests.services.servers.freeradius import FreeRadius, freeradius_server
from tests.services.servers.postgres import postgres_server

WORDS = "right and wrong codes over HTTP beside a bare view with django-otp, and through FreeRADIUS: codes a second"

BARE, API, RADIUS = "bare view", "API", "FreeRADIUS"
AS_FAST, BY_RADIUS, TAIL = Target(">=", 1.0), Target(">=", 0.6), Target("<=", 4)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_count(parser, "requests", 1500, "codes of each sort in each round")
    add_count(parser, "at-a-time", 16, "requests at once")
    add_count(parser, "repeat", 3, "rounds, of which the median counts")


def measure(options: argparse.Namespace) -> list[Row]:
    """Raises BenchFailed, MissingProgram or ServerFailed."""
    with _doors(options) as doors:
        found: dict[str, list[Load]] = {name: [] for name in doors.sorts}
        for _ in range(options.repeat):
            for name, sort in doors.sorts.items():
                found[name].append(sort(doors.next_people(options.requests)))
        return _rows(found, doors.statements())


@dataclass
class Doors:
    """What codes can be sent to. `people` are (user name, secret), used up from the front."""

    people: list[tuple[str, bytes]] = field(repr=False)
    sorts: dict[str, Callable[[list[tuple[str, bytes]]], Load]]
    statements: Callable[[], dict[str, int]]

    def next_people(self, count: int) -> list[tuple[str, bytes]]:
        taken, self.people = self.people[:count], self.people[count:]
        return taken


@contextmanager
def _doors(options: argparse.Namespace) -> Iterator[Doors]:
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        product = Product(
            stack.enter_context(temporary_folder("bench")), postgres.create_database("portal"),
            {"TRUSTED_PROXIES": "127.0.0.1"},
        )  # fmt: skip
        product.prepare()
        product.manage("migrate", "--verbosity=0", "--settings=bench.bare_verify_settings")
        needed = (options.requests + options.at_a_time) * options.repeat * 5 + 1
        made = product.inside("verification", f"--people={needed}")
        people = [(name, made["secret"].encode()) for name in made["people"]]
        key = made["key"]
        api = stack.enter_context(product.served())
        bare = stack.enter_context(product.served("bench.bare_verify_settings"))
        radius = stack.enter_context(
            freeradius_server(
                f"http://127.0.0.1:{api}", key, headers={"Host": HOST, "X-Forwarded-Proto": "https"}, debug=False
            )
        )
        put = Putting(options.at_a_time, api, bare, radius, key)
        yield Doors(people, put.sorts(), lambda: dict(product.inside("verification_statements")))


@dataclass
class Putting:
    """How each sort of code is put on each door."""

    at_a_time: int
    api: int
    bare: int
    radius: FreeRadius
    key: str

    def sorts(self) -> dict[str, Callable[[list[tuple[str, bytes]]], Load]]:
        return {
            f"{BARE}, right": lambda people: self._http(self.bare, "/bench/verify/", people, right=True),
            f"{API}, right": lambda people: self._http(self.api, "/api/v1/verify", people, right=True),
            f"{BARE}, wrong": lambda people: self._http(self.bare, "/bench/verify/", people, right=False),
            f"{API}, wrong": lambda people: self._http(self.api, "/api/v1/verify", people, right=False),
            RADIUS: self._through_radius,
        }

    def _http(self, port: int, path: str, people: list[tuple[str, bytes]], *, right: bool) -> Load:
        headers = {"Host": HOST, "X-Forwarded-Proto": "https", "Authorization": f"Bearer {self.key}"}
        mark = b'"accepted":true' if right else b'"accepted":false'

        def body(number: int) -> dict[str, Any]:
            name, secret = people[number]
            return {"username": name, "code": code_of(secret) if right else wrong_code_of(secret)}

        post = Post(port, path, mark, headers, body)
        return put_on(post, requests=len(people), at_a_time=self.at_a_time)

    def _through_radius(self, people: list[tuple[str, bytes]]) -> Load:
        """The packets are made before the clock starts, as radclient would."""
        packets = [self.radius.packet(name, code_of(secret)) for name, secret in people]
        return put_on(Packets(self.radius.port, packets), requests=len(people), at_a_time=self.at_a_time)


def code_of(secret: bytes) -> str:
    return f"{hotp(secret, int(time.time()) // 30):06d}"


def wrong_code_of(secret: bytes) -> str:
    """A code of no step around now."""
    step = int(time.time()) // 30
    near = {f"{hotp(secret, step + around):06d}" for around in range(-60, 61)}
    return next(code for code in (f"{number:06d}" for number in range(200)) if code not in near)


def _rows(found: dict[str, list[Load]], statements: dict[str, int]) -> list[Row]:
    rate = {name: statistics.median(load.per_second for load in loads) for name, loads in found.items()}
    median = {name: 1000 * statistics.median(load.median for load in loads) for name, loads in found.items()}
    slowest = {name: 1000 * statistics.median(load.p99 for load in loads) for name, loads in found.items()}
    rows = [
        Row(
            f"{sort} codes, API beside a bare view",
            rate[f"{API}, {sort}"],
            rate[f"{BARE}, {sort}"],
            "/s",
            AS_FAST,
        )
        for sort in ("right", "wrong")
    ]
    rows.append(Row("right codes, FreeRADIUS beside the API", rate[RADIUS], rate[f"{API}, right"], "/s", BY_RADIUS))
    for name in rate:
        target = None if name.startswith(BARE) else TAIL
        rows.append(Row(f"{name}, slowest of 100, beside its median", slowest[name], median[name], "ms", target))
    return rows + [Row(f"statements of one verification, {sort}", count) for sort, count in statements.items()]
