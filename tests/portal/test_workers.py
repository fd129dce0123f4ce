"""Two web workers as gunicorn runs them: whichever answers, the figures are the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.portal.server import Portal, served
from tests.races.browser import Browser

pytestmark = pytest.mark.service("processes")
KEY = "k" * 40


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(tmp_path_factory.mktemp("portal"), {"WEB_WORKERS": "2", "METRICS_KEY": KEY}) as running:
        running.process.wait_until(lambda: len(workers(running)) == 2)
        yield running


def workers(portal: Portal) -> list[int]:
    children = Path(f"/proc/{portal.process.pid}/task/{portal.process.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def alone(portal: Portal) -> Iterator[int]:
    """Each worker in turn, while the other one stands still and takes no connection."""
    for pid in workers(portal):
        others = [other for other in workers(portal) if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield pid
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)


def refused_sign_in(portal: Portal) -> None:
    browser = Browser(portal.port)
    browser.get("/sign-in/")
    assert browser.post("/sign-in/", username="nobody", password="wrong").status == 422


def test_each_worker_counts_what_the_other_one_did(portal: Portal) -> None:
    for _worker in alone(portal):
        refused_sign_in(portal)
    told = []
    for _worker in alone(portal):
        answer = portal.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})
        samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
        told.append(sum(sample.value for sample in samples if sample.name == "portal_verifications_5m"))
    assert told == [2, 2]
