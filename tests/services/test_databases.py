"""PostgreSQL and Redis answer, keep their data over a stop, and are each a fresh one."""

from __future__ import annotations

import psycopg
import pytest
from redis import ConnectionError as RedisConnectionError, Redis as Client

from tests.services.postgres import Postgres
from tests.services.redis import Redis


def test_postgres_gives_each_test_a_database(postgres: Postgres) -> None:
    url = postgres.create_database("one")
    with psycopg.connect(url) as link:
        link.execute("CREATE TABLE t (v text)")
        link.execute("INSERT INTO t VALUES ('é')")
    postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    postgres.start()
    with psycopg.connect(url) as link:
        assert link.execute("SELECT v FROM t").fetchall() == [("é",)]
    with psycopg.connect(postgres.create_database("one")) as link:
        assert link.execute("SELECT to_regclass('t')").fetchone() == (None,)


def test_postgres_answers_on_its_unix_socket_and_wants_its_password_over_tcp(postgres: Postgres) -> None:
    with psycopg.connect(host=str(postgres.socket_folder), port=postgres.port, user="postgres") as link:
        assert link.info.backend_pid
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=postgres.port, user="postgres", password="wrong")


def test_redis_keeps_its_data_over_a_stop_and_forgets_when_flushed(redis: Redis) -> None:
    with Client.from_url(redis.url) as client:
        client.set("name", "value")
        redis.stop()
        with pytest.raises(RedisConnectionError):
            client.get("name")
        redis.start()
        assert client.get("name") == b"value"
        redis.flush()
        assert client.get("name") is None
