"""A directory that takes connections and says nothing, and many who sign in: others are served all the same."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import pytest

from tests.races.asking import PATIENCE, ask
from tests.races.browser import Answer
from tests.races.harness import Portal, portal_server
from tests.services.servers.postgres import Postgres

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

WORKERS, THREADS = 2, 4
LOGINS = 24
HANGING = WORKERS * THREADS // 2
"""So many sign-ins wait for the directory; all others are told at once that it is away."""


@dataclass
class Silent:
    """A port where connections are taken and nothing is said."""

    port: int
    held: list[socket.socket] = field(default_factory=list)


@contextlib.contextmanager
def silent_directory() -> Iterator[Silent]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        silent = Silent(listener.getsockname()[1])

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    silent.held.append(listener.accept()[0])

        taking = threading.Thread(target=take)
        taking.start()
        try:
            yield silent
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            taking.join(PATIENCE)
            for link in silent.held:
                link.close()


@contextlib.contextmanager
def hanging(postgres: Postgres) -> Iterator[tuple[Portal, Silent]]:
    """A portal whose directory hangs for longer than any of these clients waits."""
    with silent_directory() as silent:
        directory = {
            "LDAP_URL": f"ldap://127.0.0.1:{silent.port}", "LDAP_BIND_DN": "cn=portal", "LDAP_BIND_PASSWORD": "secret",
            "LDAP_USER_BASE": "ou=people,dc=example,dc=test", "LDAP_TIMEOUT": str(10 * PATIENCE),
        }  # fmt: skip
        database = postgres.create_database("hanging")
        with portal_server(database, workers=WORKERS, threads=THREADS, **directory) as portal:
            yield portal, silent
            for link in silent.held:  # whoever still waits is told
                link.shutdown(socket.SHUT_RDWR)


def sign_in(portal: Portal, number: int) -> Answer:
    browser = portal.browser()
    browser.get("/sign-in/")
    return browser.post("/sign-in/", username=f"somebody{number}", password="tall trees 7")


def answered(logins: set[Future[Answer]], count: int) -> list[Answer]:
    """Those that end, once so many have."""
    left = set(logins)
    while len(logins) - len(left) < count:
        done, left = wait(left, timeout=PATIENCE, return_when=FIRST_COMPLETED)
        assert done, f"{len(left)} sign-ins hang"
    return [login.result() for login in logins - left]


@pytest.mark.row("F-01")
def test_a_directory_that_hangs_holds_up_neither_pages_nor_codes(postgres: Postgres) -> None:
    with ThreadPoolExecutor(LOGINS) as pool, hanging(postgres) as (portal, silent):
        key = portal.stage("give_remembering_key")
        logins = {pool.submit(sign_in, portal, number) for number in range(LOGINS)}
        told = answered(logins, LOGINS - HANGING)
        assert 0 < len(silent.held) <= HANGING
        assert all("Signing in is not possible just now" in answer.text for answer in told)
        assert portal.browser().get("/health/ready").status == 200
        status, said = ask(portal, key, username="nobody", code="123456")
        assert (status, said["accepted"]) == (200, False)
