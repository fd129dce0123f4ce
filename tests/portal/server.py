"""The portal as gunicorn serves it, in processes of its own."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.portal.commands import ROOT, environment, manage
from tests.portal.tables import make_tables
from tests.services.servers.ports import free_port, listens
from tests.services.servers.processes import ServerProcess

GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi"]


@dataclass
class Portal:
    """A running portal. Requests go to loopback and name the public host, as those of a proxy do."""

    port: int
    log: Path
    process: ServerProcess

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Host": "portal.test", "X-Forwarded-Proto": "https", **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{path}"
        return requests.request(method, url, headers=headers, allow_redirects=False, timeout=60, **options)

    def log_records(self) -> list[dict[str, Any]]:
        """Every line of the log, each of which must be a JSON object."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").split("\n") if line]


@contextlib.contextmanager
def served(folder: Path, changes: Mapping[str, str | None] | None = None, *, prepared: bool = True) -> Iterator[Portal]:
    """A portal over the data folder `folder`; `prepared` collects static files and makes the tables first."""
    port = free_port()
    own = {"WEB_BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1", "TRUSTED_PROXIES": "127.0.0.1"}
    settings = environment(folder / "data", {**own, **(changes or {})})
    port = int(settings["WEB_BIND"].rpartition(":")[2])
    collected = manage("collectstatic", "--noinput", settings=settings)
    assert collected.returncode == 0, collected.stderr
    if prepared:
        make_tables(settings)
    process = ServerProcess(GUNICORN, log=folder / "web.log", environment=settings, folder=ROOT)
    try:
        process.start()
        process.wait_until(lambda: listens(port))
        yield Portal(port, folder / "web.log", process)
    finally:
        process.stop()
