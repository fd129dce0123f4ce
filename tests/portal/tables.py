"""The tables of a portal that runs in processes of its own: made, and read without its code."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from tests.portal.commands import environment, manage

Rows = list[tuple[object, ...]]


def make_tables(settings: Mapping[str, str]) -> None:
    """What `manage.py migrate` leaves in an empty database: a copy of what it left when first asked for."""
    url = settings.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        _copy_postgres(url)
    else:
        file = _sqlite_file(settings)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(_migrated_sqlite(), file)


def ask(settings: Mapping[str, str], question: str) -> Rows:
    """The rows that answer an SQL statement in the portal's database; what it changes is kept."""
    url = settings.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with psycopg.connect(url) as postgres:
            return postgres.execute(question.encode()).fetchall()
    with contextlib.closing(sqlite3.connect(_sqlite_file(settings), timeout=60)) as sqlite, sqlite:
        return sqlite.execute(question).fetchall()


def _sqlite_file(settings: Mapping[str, str]) -> Path:
    url = settings.get("DATABASE_URL")
    return Path(url.removeprefix("sqlite:///")) if url else Path(settings["DATA_DIR"]) / "portal.sqlite3"


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="portal-tables-")
    atexit.register(folder.cleanup)
    return folder


def _migrated(settings: Mapping[str, str]) -> Mapping[str, str]:
    done = manage("migrate", settings=settings)
    assert done.returncode == 0, done.stderr
    return settings


@functools.cache
def _migrated_sqlite() -> Path:
    return _sqlite_file(_migrated(environment(Path(_folder().name) / "sqlite")))


@functools.cache
def _migrated_postgres(server: str) -> str:
    """The name of a database with all tables on this server (a URL that ends in a slash)."""
    name = "migrated"
    with psycopg.connect(f"{server}postgres", autocommit=True) as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    _migrated(environment(Path(_folder().name) / "postgres", {"DATABASE_URL": f"{server}{name}"}))
    return name


def _copy_postgres(url: str) -> None:
    server, slash, name = url.rpartition("/")
    template = _migrated_postgres(server + slash)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as link:
        link.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        link.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
