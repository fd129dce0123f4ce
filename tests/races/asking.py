"""Questions to the verification API of a running server, each on a connection of its own."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.races.browser import HOST
from tests.races.harness import Portal

Told = tuple[int, dict[str, Any]]
PATIENCE = 60


def ask(portal: Portal, key: str, path: str = "verify", **body: str) -> Told:
    """Status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=PATIENCE)
    headers = {
        "Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7",
        "Authorization": f"Bearer {key}", "Content-Type": "application/json",
    }  # fmt: skip
    try:
        connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def together(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """All of them in one moment, each in a thread; what each returned, in their order. Raises what one raised."""
    barrier, returned = threading.Barrier(len(acts)), [None] * len(acts)
    raised: list[Exception] = []

    def work(number: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(PATIENCE)
            returned[number] = act()
        except Exception as error:  # noqa: BLE001 (raised again below)
            raised.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
    if raised:
        raise raised[0]
    return returned
