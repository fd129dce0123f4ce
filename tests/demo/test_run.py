"""`python -m demo.run` as a process: everything starts, answers, and ends together."""

from __future__ import annotations

import contextlib
import html
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psutil
import pytest
import requests

from tests.portal.commands import ROOT, environment
from tests.services.servers.ports import free_port

pytestmark = [pytest.mark.service("demo"), pytest.mark.timeout(240)]


@pytest.fixture
def settings_of_demo(tmp_path: Path) -> dict[str, str]:
    port = free_port()
    changes: dict[str, str | None] = {
        "DEBUG": "true",
        "PORT": str(port),
        "PUBLIC_URL": "http://localhost:8000",
        "EMAIL_URL": "inbox://",
        "SMS_GATEWAYS": "inbox",
        "LDAP_URL": f"ldap://127.0.0.1:{free_port()}",
        "LDAP_CA_FILE": str(tmp_path / "demo" / "directory" / "ca.pem"),
        "LDAP_BIND_DN": "cn=reader,ou=services,dc=example,dc=test",
        "LDAP_BIND_PASSWORD": "reader-of-the-sample-directory",
        "LDAP_USER_BASE": "ou=people,dc=example,dc=test",
    }
    return environment(tmp_path, changes)


def address_of(settings: dict[str, str]) -> str:
    return f"http://localhost:{settings['PORT']}"


@contextlib.contextmanager
def running(settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    log = Path(settings["DATA_DIR"]) / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo.run"], cwd=ROOT, env=settings, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            until = time.monotonic() + 100
            while "The portal runs at" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(90)


def said(settings: dict[str, str]) -> str:
    return (Path(settings["DATA_DIR"]) / "run.log").read_text()


def password_of(settings: dict[str, str], username: str) -> str:
    found = re.search(rf"^  {re.escape(username)} +(\S+)", said(settings), re.MULTILINE)
    assert found is not None
    return found[1]


def sign_in(settings: dict[str, str], username: str, kind: str = "local") -> SplitResult:
    """Type user name and password; returns the address of the page that follows."""
    browser = requests.Session()
    address = f"{address_of(settings)}/sign-in/"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(address, timeout=60).text)
    assert token is not None
    password = password_of(settings, username if kind == "local" else "anna.becker")
    data = {"csrfmiddlewaretoken": token[1], "username": username, "password": password}
    return urlsplit(browser.post(address, data=data, timeout=60).url)


def test_demonstration_starts_signs_in_and_ends_without_leaving_anything(settings_of_demo: dict[str, str]) -> None:
    with running(settings_of_demo) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        assert sign_in(settings_of_demo, "alice").path == "/sign-in/code/"
        assert sign_in(settings_of_demo, "bob").path == "/enrol/"
        assert sign_in(settings_of_demo, "anna.becker", "directory").path == "/sign-in/code/"
        assert sign_in(settings_of_demo, "rosa.keller", "directory").path == "/"
        inbox = requests.get(f"{address_of(settings_of_demo)}/inbox/", timeout=60)
        assert inbox.status_code == 200
        assert set(re.findall(r"http://localhost:\d+", html.unescape(inbox.text))) == {address_of(settings_of_demo)}
        code = subprocess.run(
            [sys.executable, "-m", "demo.code", "alice"],
            cwd=ROOT,
            env=settings_of_demo,
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.fullmatch(r"\d{6}\n", code.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    with running(settings_of_demo):
        assert "Reading the sample directory" not in said(settings_of_demo)


def test_when_one_process_dies_all_end_with_an_error(settings_of_demo: dict[str, str]) -> None:
    without_directory = settings_of_demo | {"LDAP_URL": ""}
    with running(without_directory) as process:
        children = psutil.Process(process.pid).children(recursive=True)
        worker = next(child for child in children if "worker" in child.cmdline() and child.ppid() == process.pid)
        os.kill(worker.pid, signal.SIGKILL)
        assert process.wait(90) == 1
    assert "worker ended with code -9; stopping the rest." in said(without_directory)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("port", ["abc", "0", "80", "70000", "８０００", "-1"])
def test_port_that_is_none_is_refused_with_a_sentence(settings_of_demo: dict[str, str], port: str) -> None:
    done = start(settings_of_demo | {"PORT": port})
    assert (done.returncode, done.stderr) == (1, "PORT: must be a number from 1024 to 65535.\n")


def test_port_that_is_taken_is_named_with_a_way_out(settings_of_demo: dict[str, str]) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        done = start(settings_of_demo | {"PORT": str(port)})
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is taken by another program; try: PORT={port + 1} make run\n"


def start(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo.run"]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=120, check=False)
