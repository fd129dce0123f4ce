"""What is configured is read by a connection that works, whatever became of the one before."""

from __future__ import annotations

import psycopg
from django.db import connection

from mfa import configured
from tests.live import transactional_db

__all__ = ["transactional_db"]


def test_a_connection_that_died_between_two_requests_is_replaced(transactional_db: None) -> None:
    configured.current()
    link = connection.connection
    if connection.vendor == "postgresql":
        with psycopg.connect(link.info.dsn, password=link.info.password, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [link.info.backend_pid])
    with configured.held():
        assert configured.current().applications == {}
    assert (connection.connection is link) == (connection.vendor == "sqlite")
