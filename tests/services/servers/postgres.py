"""A real PostgreSQL cluster of its own, on a Unix socket and on loopback."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.services.servers.folders import temporary_folder
from tests.services.servers.ports import free_port
from tests.services.servers.processes import ServerFailed, ServerProcess, find_program

USER = "postgres"
# Nothing here must survive a power cut, so nothing waits for the disk.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@dataclass
class Postgres:
    """A running cluster; its role `postgres` may do everything. `socket_folder` is for clients on the Unix socket."""

    port: int
    password: str
    socket_folder: Path
    process: ServerProcess

    @property
    def url(self) -> str:
        """The maintenance database over TCP, as DATABASE_URL wants it."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        """Make an empty database, in place of one of that name if there is one, and return its URL."""
        with psycopg.connect(self.url, autocommit=True) as link:
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url_of(name)

    def start(self) -> None:
        self.process.start()
        self.process.wait_until(self._answers)

    def stop(self) -> None:
        """End it, cutting the sessions that are open."""
        self.process.stop()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A fresh cluster, run by the account `postgres` when we are root; MissingProgram when it is not installed."""
    programs = _programs()
    with temporary_folder("postgres", owner=USER) as folder:
        password, data = secrets.token_urlsafe(18), folder / "data"
        _initialise(programs / "initdb", folder, data, password)
        server = _server(programs / "postgres", folder, data, password)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _server(program: Path, folder: Path, data: Path, password: str) -> Postgres:
    port = free_port()
    options = {**FAST, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is PostgreSQL's "fast shutdown"; SIGTERM would wait for every client to leave.
    process = ServerProcess(
        [program, "-D", data, *arguments], log=folder / "postgres.log", user=USER, stop_signal=signal.SIGINT
    )
    return Postgres(port, password, folder, process)


def _programs() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if versions:
        return versions[-1]
    return Path(find_program("initdb", "postgresql")).parent


def _initialise(initdb: Path, folder: Path, data: Path, password: str) -> None:
    secret = folder / "password"
    secret.touch(mode=0o644)  # the folder itself is private to the account
    secret.write_text(password)
    options = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={USER}", f"--pwfile={secret}"]
    command = [str(initdb), *options, "--auth-local=trust", "--auth-host=scram-sha-256", "-D", str(data)]
    user = USER if os.geteuid() == 0 else None
    made = subprocess.run(
        command, cwd=folder, user=user, group=user, extra_groups=[] if user else None, capture_output=True, text=True
    )
    secret.unlink()
    if made.returncode:
        raise ServerFailed(f"initdb failed:\n{made.stderr[-2000:]}")
