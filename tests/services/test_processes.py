"""Children end with us; a missing program names its package; ports are given out once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.services.servers.folders import servers_folder, temporary_folder
from tests.services.servers.ports import free_port, listens
from tests.services.servers.processes import MissingProgram, ServerFailed, ServerProcess, find_program
from tests.services.servers.redis import redis_server
from tests.services.started import started

ROOT = Path(__file__).resolve().parents[2]
STARTER = """
import sys, time
from tests.services.servers.{module} import {module}_server
server = {module}_server()
print(server.__enter__().process.pid, flush=True)
{then}
"""


def test_a_port_is_never_given_out_twice() -> None:
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)
    assert not any(listens(port) for port in ports[:5])


def test_another_process_is_not_given_our_port() -> None:
    ours = free_port()
    script = f"from tests.services.servers import ports\nprint(ports._reserve({ours}))"
    seen = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "False"


@pytest.mark.parametrize("module", ["redis", "slapd", "postgres"])
def test_server_dies_when_its_starter_is_killed(module: str) -> None:
    with _starter(module, "time.sleep(60)") as (starter, server):
        os.kill(starter, signal.SIGKILL)
        assert _is_gone(server)


def test_server_is_stopped_when_its_starter_ends_without_stopping_it() -> None:
    with _starter("redis", "sys.exit(3)") as (_, server):
        assert _is_gone(server)


def test_folder_of_a_killed_starter_is_swept_by_the_next_server() -> None:
    with _starter("redis", "time.sleep(60)") as (starter, server):
        [left] = servers_folder().glob(f"redis-{starter}-*")
        os.kill(starter, signal.SIGKILL)
        assert _is_gone(server)
    with temporary_folder("redis"):
        assert not left.exists()


def test_stop_ends_the_whole_process_group(tmp_path: Path) -> None:
    process = ServerProcess(["sh", "-c", "sleep 61 & echo $!; wait"], log=tmp_path / "log")
    process.start()
    process.wait_until(lambda: bool(process.last_lines()))
    grandchild = int(process.last_lines())
    process.stop()
    assert _is_gone(grandchild)


def test_paused_server_hangs_and_is_stopped_all_the_same() -> None:
    with redis_server() as server, socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as link:
        server.process.pause()
        link.sendall(b"PING\r\n")
        with pytest.raises(TimeoutError):
            link.recv(100)
        server.process.resume()
        link.settimeout(30)
        assert link.recv(100) == b"+PONG\r\n"
        server.process.pause()
        pid, before = server.process.pid, time.monotonic()
        server.stop()
        assert _is_gone(pid)
        assert time.monotonic() - before < 5


def test_server_that_ends_at_its_start_fails_with_its_log(tmp_path: Path) -> None:
    process = ServerProcess(["sh", "-c", "echo the port is taken; exit 1"], log=tmp_path / "log")
    process.start()
    with pytest.raises(ServerFailed, match="the port is taken"):
        process.wait_until(lambda: False)


def test_server_that_never_answers_fails_in_time(tmp_path: Path) -> None:
    process = ServerProcess(["sleep", "60"], log=tmp_path / "log")
    process.start()
    with pytest.raises(ServerFailed, match=r"did not answer in 0\.1 s"):
        process.wait_until(lambda: False, timeout=0.1)
    process.stop()
    assert not process.running


def test_missing_program_names_its_debian_package() -> None:
    with pytest.raises(MissingProgram, match="apt-get install left-pad-server"):
        find_program("left-padd", "left-pad-server")


def test_missing_program_fails_in_ci_and_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with (
        pytest.raises(pytest.fail.Exception, match="apt-get install left-pad-server"),
        started(_server_not_installed()),
    ):
        pass
    monkeypatch.delenv("CI")
    with (
        pytest.raises(pytest.skip.Exception, match="apt-get install left-pad-server"),
        started(_server_not_installed()),
    ):
        pass


@contextlib.contextmanager
def _server_not_installed() -> Iterator[str]:
    yield find_program("left-padd", "left-pad-server")


@contextlib.contextmanager
def _starter(module: str, then: str) -> Iterator[tuple[int, int]]:
    script = STARTER.format(module=module, then=then)
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        try:
            yield starter.pid, int(starter.stdout.readline())
        finally:
            starter.kill()


def _is_gone(pid: int, timeout: float = 60.0) -> bool:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.05)
                continue
        return True
    return False
