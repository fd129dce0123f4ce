"""Two real FreeRADIUS servers before two processes of the portal: the same datagram at both, a database that goes away,
an answer that comes too late."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress

import psycopg
import pytest

from mfa.outcomes import OATH_DUPLICATE, OATH_VERIFIED, PASSWORD_WRONG
from tests.races.browser import HOST
from tests.races.harness import PASSWORD, Portal, code_of
from tests.races.test_codes_race import new_name
from tests.services.postgres import Postgres
from tests.services.servers.freeradius import SHIPPED_PATIENCE, FreeRadius, freeradius_server
from tests.services.started import started

pytestmark = [pytest.mark.service("postgres and freeradius"), pytest.mark.timeout(300)]

ACCEPT, REJECT, SILENCE = 2, 3, 0
"""Codes of RADIUS packets (RFC 2865 section 3), and none."""
HASTE = 2.0
"""Seconds that one of the servers waits for the portal: the 6 that are shipped would only make the tests slower."""
Servers = tuple[FreeRadius, FreeRadius]


@pytest.fixture(scope="module")
def key(portal: Portal) -> str:
    return str(portal.stage("give_radius_key", slug="field", mode="password-and-code"))


def server(portal: Portal, key: str, patience: float = SHIPPED_PATIENCE) -> AbstractContextManager[FreeRadius]:
    """All know the gateway by the same name and secret."""
    headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    url, secret = f"http://127.0.0.1:{portal.port}", "of-the-gateway"
    return started(freeradius_server(url, key, headers=headers, debug=False, secret=secret, patience=patience))


@pytest.fixture(scope="module")
def servers(portal: Portal, key: str) -> Iterator[Servers]:
    with server(portal, key) as one, server(portal, key) as other:
        yield one, other


@pytest.fixture(scope="module")
def hasty(portal: Portal, key: str) -> Iterator[FreeRadius]:
    """Gives the portal up soon, and is asked only what nobody answers."""
    with server(portal, key, HASTE) as one:
        yield one


@pytest.fixture
def name() -> str:
    return new_name()


@pytest.fixture
def secret(portal: Portal, name: str) -> str:
    """Of this person's app."""
    return str(portal.stage("make_person", username=name)["apps"][0]["secret"])


def at_both(servers: Servers, packet: bytes) -> list[int]:
    with ThreadPoolExecutor(len(servers)) as pool:
        return list(pool.map(lambda server: server.send(packet), servers))


@pytest.mark.row("T-67e")
def test_the_same_datagram_at_two_servers_at_once_is_one_request(
    portal: Portal, servers: Servers, name: str, secret: str
) -> None:
    typed = PASSWORD + code_of(secret)
    assert at_both(servers, servers[0].packet(name, typed)) == [ACCEPT, ACCEPT]
    assert at_both(servers, servers[0].packet(name, "wrong000000")) == [REJECT, REJECT]
    assert portal.stage("password_guesses", username=name) == 1
    assert servers[1].send(servers[1].packet(name, typed)) == REJECT  # another request with the same code
    assert portal.stage("logged", username=name) == [OATH_VERIFIED.code, PASSWORD_WRONG.code, OATH_DUPLICATE.code]


@pytest.mark.row("F-07")
def test_an_answer_that_came_too_late_used_the_code_up_and_its_retransmission_hears_it(
    portal: Portal, servers: Servers, hasty: FreeRadius, name: str, secret: str
) -> None:
    next_one, _other = servers
    typed = PASSWORD + code_of(secret)
    packet = hasty.packet(name, typed)
    with psycopg.connect(portal.environment["DATABASE_URL"]) as link:
        link.execute("LOCK TABLE mfa_authenticationrecord IN SHARE MODE")  # the portal waits at its last step
        assert hasty.send(packet, wait=HASTE + 1) == SILENCE
    assert next_one.send(packet) == ACCEPT
    assert next_one.send(next_one.packet(name, typed)) == REJECT
    assert portal.stage("logged", username=name)[0] == OATH_VERIFIED.code


@pytest.mark.row("F-08")
def test_without_its_database_nobody_is_accepted_nothing_is_answered_and_the_code_stays_good(
    portal: Portal, servers: Servers, hasty: FreeRadius, name: str, secret: str, postgres: Postgres
) -> None:
    first, second = servers
    typed = PASSWORD + code_of(secret)
    try:
        with ThreadPoolExecutor(1) as pool:
            with suppress(psycopg.OperationalError), psycopg.connect(portal.environment["DATABASE_URL"]) as link:
                link.execute("LOCK TABLE mfa_authenticationrecord IN SHARE MODE")
                judged = pool.submit(hasty.send, hasty.packet(name, typed), wait=HASTE + 1)
                wait_until_it_waits(postgres)
                cut_what_waits(postgres)  # the code was right, and what was written about it is not committed
                postgres.stop()
            assert judged.result() == SILENCE
        assert hasty.send(hasty.packet(name, typed), wait=HASTE + 1) == SILENCE
    finally:
        postgres.start()
        portal.stage("reconnect")
    assert second.send(second.packet(name, typed)) == ACCEPT
    assert first.send(first.packet(name, typed)) == REJECT
    assert portal.stage("logged", username=name) == [OATH_VERIFIED.code, OATH_DUPLICATE.code]


def cut_what_waits(postgres: Postgres) -> None:
    """End the sessions that wait for a lock while it is still held: when the server stops, whose session ends first,
    and so whether the lock is free for a moment, is chance."""
    with psycopg.connect(postgres.url, autocommit=True) as link:
        cut = link.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        assert cut.fetchall()


def wait_until_it_waits(postgres: Postgres) -> None:
    """Until a statement in the database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(postgres.url, autocommit=True) as link:
        for _ in range(3000):
            (row,) = link.execute(waiting).fetchall()
            if row[0]:
                return
            link.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nothing waits")
