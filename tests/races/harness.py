"""A real portal on PostgreSQL, served by several processes, and many clients that ask it the same thing at once."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django_otp.oath import hotp

from tests.portal.tables import make_tables
from tests.races.browser import Answer, Browser
from tests.services.servers.folders import temporary_folder
from tests.services.servers.ports import free_port
from tests.services.servers.processes import ServerProcess
from tests.settings import SAMPLE

ROOT = Path(__file__).resolve().parents[2]
PASSED_ON = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "MFA_FACTORS")
PASSWORD = "correct horse battery staple"


class Stage:
    """Calls the functions of `tests.races.stage` in a process that knows the server's database."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.races.stage"],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, call: str, **arguments: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"call": call} | arguments) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"{call} failed: the stage has ended"
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(90)
        self._process.stdout.close()


@dataclass
class Portal:
    """A running server. `stage` acts on its database; `log` is what it wrote."""

    port: int
    stage: Stage
    environment: dict[str, str]
    process: ServerProcess

    def browser(self, address: str = "198.51.100.7") -> Browser:
        return Browser(self.port, address)

    def after_password(self, username: str, address: str = "198.51.100.7") -> Browser:
        """A browser in which the password was just right."""
        browser = self.browser(address)
        browser.get("/sign-in/")
        answer = browser.post("/sign-in/", username=username, password=PASSWORD)
        assert answer.location.startswith("/sign-in/code/"), answer
        return browser

    def signed_in(self, username: str, code: str) -> Browser:
        """A browser in which password and code were just right."""
        browser = self.after_password(username)
        answer = browser.post("/sign-in/code/?way=totp", code=code)
        assert answer.status == 302, answer
        return browser

    def race(self, requests: Sequence[tuple[Browser, str, dict[str, str]]]) -> list[Answer]:
        """Send all requests (browser, path, fields) in one moment, each from a process of its own."""
        job = {
            "port": self.port,
            "requests": [
                {
                    "address": browser.address,
                    "cookies": browser.cookies,
                    "path": path,
                    "typed": _with_token(browser, typed),
                }
                for browser, path, typed in requests
            ],
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.races.clients"],
            cwd=ROOT, input=json.dumps(job), capture_output=True, text=True, check=True,
        )  # fmt: skip
        return [Answer(**answer) for answer in json.loads(done.stdout)]

    def log(self) -> str:
        return self.process.last_lines(200)


def _with_token(browser: Browser, typed: dict[str, str]) -> dict[str, str]:
    token = next((value for name, value in browser.cookies.items() if name.endswith("csrf")), "")
    return {"csrfmiddlewaretoken": token} | typed


def code_of(secret: str, *, steps: int = 0) -> str:
    """What an app with this secret shows now, or `steps` times 30 seconds from now."""
    return f"{hotp(base64.b32decode(secret), int(time.time()) // 30 + steps):06d}"


def wait_for_fresh_step(seconds: float = 8.0) -> None:
    """Return with at least `seconds` left in the present 30-second step."""
    left = 30 - time.time() % 30
    if left < seconds:
        time.sleep(left + 0.1)


@contextlib.contextmanager
def portal_server(database_url: str, *, workers: int = 2, threads: int = 16, **settings: str) -> Iterator[Portal]:
    """Serve the portal as in production: several processes with threads, behind a proxy that ends TLS."""
    port = free_port()
    with temporary_folder("portal") as folder:
        environment = _environment(database_url, folder, port, workers, threads) | settings
        make_tables(environment)
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(collect, cwd=ROOT, env=environment, check=True)
        web = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi"]
        process = ServerProcess(web, log=folder / "web.log", environment=environment, folder=ROOT)
        process.start()
        stage = Stage(environment)
        try:
            process.wait_until(lambda: _answers(port))
            yield Portal(port, stage, environment, process)
        finally:
            stage.close()
            process.stop()


def _environment(database_url: str, folder: Path, port: int, workers: int, threads: int) -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if name in PASSED_ON}
    return passed | SAMPLE | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORTAL_ENV_FILE": os.devnull,
        "DATABASE_URL": database_url,
        "DATA_DIR": str(folder),
        "TRUSTED_PROXIES": "127.0.0.1/32",
        "EMAIL_URL": "smtp+starttls://mail.portal.test:587",
        "SMS_GATEWAYS": "http",
        "SMS_HTTP_URL": "https://sms.portal.test/messages",
        "SMS_HTTP_TOKEN": "tests-only-token",
        "WEB_BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": str(workers),
        "WEB_THREADS": str(threads),
    }  # fmt: skip


def _answers(port: int) -> bool:
    try:
        return Browser(port).get("/health/ready").status == 200
    except OSError:
        return False
