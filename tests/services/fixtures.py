"""Pytest plugin: the servers as session fixtures, started when a test first asks for one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import pytest

from tests.services.http_gateway import HttpGateway, http_gateway_server
from tests.services.kannel import Kannel, kannel_server
from tests.services.postgres import Postgres, postgres_server
from tests.services.processes import MissingProgram
from tests.services.redis import Redis, redis_server
from tests.services.slapd import Slapd, slapd_server
from tests.services.smtp import Smtp, smtp_server

Handle = TypeVar("Handle")


@contextlib.contextmanager
def started(server: AbstractContextManager[Handle]) -> Iterator[Handle]:
    """The server's handle; a missing program fails the test under CI=true and skips it elsewhere."""
    with contextlib.ExitStack() as stack:
        try:
            handle = stack.enter_context(server)
        except MissingProgram as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing), pytrace=False)
            pytest.skip(str(missing))
        yield handle


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """OpenLDAP without people; call `slapd.reset()` first where other tests may have left some."""
    with started(slapd_server()) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_with_wrong_name() -> Iterator[Slapd]:
    """OpenLDAP whose certificate is signed by its `ca_file` but names another host."""
    with started(slapd_server(names=["directory.elsewhere.test"])) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_self_signed() -> Iterator[Slapd]:
    """OpenLDAP whose certificate no authority signed."""
    with started(slapd_server(signed_by_authority=False)) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_expired() -> Iterator[Slapd]:
    """OpenLDAP whose certificate has the right name and authority and ended yesterday."""
    with started(slapd_server(days=-1)) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL cluster; `postgres.create_database(name)` gives a database of one's own."""
    with started(postgres_server()) as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis; `redis.flush()` empties it."""
    with started(redis_server()) as server:
        yield server


@pytest.fixture(scope="session")
def kannel() -> Iterator[Kannel]:
    """A Kannel connected to a pretended mobile network; `kannel.clear()` forgets the messages so far."""
    with started(kannel_server()) as server:
        yield server


@pytest.fixture(scope="session")
def smtp() -> Iterator[Smtp]:
    """A mail server with a plain port and a port with STARTTLS and AUTH; `smtp.reset()` forgets mails and refusals."""
    with started(smtp_server()) as server:
        yield server


@pytest.fixture(scope="session")
def http_gateway() -> Iterator[HttpGateway]:
    """An HTTP SMS gateway that records and misbehaves as told; `http_gateway.reset()` forgets both."""
    with started(http_gateway_server()) as server:
        yield server
