"""Many browsers at once: a job on standard input, one process for each request, the answers on standard output.

Each process opens its connection first and waits for all others; then all send in the same moment.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from multiprocessing.synchronize import Barrier
from typing import Any

from tests.races.browser import Browser

PATIENCE = 60.0


def run(job: dict[str, Any]) -> list[dict[str, Any]]:
    """`job` has the `port` and `requests`, each with address, cookies, path and the fields that are typed."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(job["requests"]))
    answers: Any = context.SimpleQueue()
    children = [
        context.Process(target=_ask, args=(number, job["port"], request, barrier, answers), daemon=True)
        for number, request in enumerate(job["requests"])
    ]
    for child in children:
        child.start()
    found = [answers.get() for _ in children]
    for child in children:
        child.join(PATIENCE)
    return [answer for _, answer in sorted(found, key=lambda pair: pair[0])]


def _ask(number: int, port: int, request: dict[str, Any], barrier: Barrier, answers: Any) -> None:
    try:
        browser = Browser(port, request["address"], request["cookies"], keep=True)
        browser.warm()
        barrier.wait(PATIENCE)
        answer = browser.post(request["path"], **request["typed"])
        answers.put((number, {"status": answer.status, "location": answer.location, "text": answer.text}))
    except Exception as error:  # noqa: BLE001 (the one who waits for the answer must get one)
        answers.put((number, {"status": 0, "location": "", "text": repr(error)}))


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
