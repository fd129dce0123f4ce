"""The portal as a measurement runs it: its environment, its commands, code inside it, and its web server."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.failures import BenchFailed
from tests.services.servers.ports import free_port, listens
from tests.services.servers.processes import ServerProcess

ROOT = Path(__file__).resolve().parent.parent
HOST = "portal.test"
SESSION_COOKIE = "__Host-session"
PATIENCE = 1800.0
"""Seconds that one child may take before it is ended."""

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "MFA_FACTORS")


@dataclass(frozen=True)
class Product:
    """A deployment of the portal over `database_url`, its files in `folder`, with fresh keys."""

    folder: Path
    database_url: str
    extra: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=lambda: _fresh_keys(), repr=False)

    def environment(self, settings: str = "bench.settings") -> dict[str, str]:
        """Nothing of a developer's own settings reaches a measurement."""
        inherited = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {
            **inherited,
            "DJANGO_SETTINGS_MODULE": settings,
            "PORTAL_ENV_FILE": os.devnull,
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.database_url,
            "DATA_DIR": str(self.folder),
            "PUBLIC_URL": f"https://{HOST}",
            "PHONE_DEFAULT_REGION": "GB",
            # No worker runs, so nothing is ever sent to these.
            "SMS_GATEWAYS": "http",
            "SMS_HTTP_URL": f"https://sms.{HOST}/messages",
            "SMS_HTTP_TOKEN": "none",
            "EMAIL_URL": f"smtps://mail.{HOST}:465",
            "MAIL_FROM": f"portal@{HOST}",
            "LOG_LEVEL": "WARNING",
            **self.keys,
            **self.extra,
        }

    def prepare(self) -> None:
        """Empty tables and collected static files."""
        self.manage("migrate", "--verbosity=0")
        self.manage("collectstatic", "--no-input", "--verbosity=0")

    def manage(self, *arguments: str) -> None:
        """A management command. Raises BenchFailed with the end of what it printed."""
        self._child("-m", "django", *arguments)

    def inside(self, module: str, *arguments: str) -> Any:
        """Run `bench.inside.<module>` in a process of its own; what it prints is JSON, and is returned."""
        return json.loads(self._child("-m", f"bench.inside.{module}", *arguments).splitlines()[-1])

    @contextlib.contextmanager
    def served(self, settings: str = "bench.settings") -> Iterator[int]:
        """Served as in production, with two workers; gives the port."""
        with self.serving(settings) as (port, _):
            yield port

    @contextlib.contextmanager
    def serving(self, settings: str = "bench.settings") -> Iterator[tuple[int, ServerProcess]]:
        """As `served`, with the process whose children the workers are."""
        port = free_port()
        environment = {**self.environment(settings), "WEB_BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "2"}
        command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi"]
        server = ServerProcess(command, log=self.folder / f"{settings}.log", environment=environment, folder=ROOT)
        try:
            server.start()
            server.wait_until(lambda: listens(port))
            yield port, server
        finally:
            server.stop()

    def _child(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=self.environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise BenchFailed(f"{arguments[1]} was not done after {PATIENCE:.0f} seconds.") from None
        if done.returncode:
            raise BenchFailed(f"{' '.join(arguments[1:3])} failed:\n{done.stderr[-3000:]}")
        return done.stdout


def _fresh_keys() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_hex(32),
        "MFA_ENCRYPTION_KEYS": f"b1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    }
