"""Two web workers as gunicorn runs them: whichever answers, the figures are the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def refused_sign_in(portal: Portal) -> None:
    browser = Browser(portal.port)
    browser.get("/sign-in/")
    assert browser.post("/sign-in/", username="nobody", password="wrong").status == 422


def attempts_told(portal: Portal) -> float:
    answer = portal.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return float(sum(sample.value for sample in samples if sample.name == "portal_verifications_5m"))


def test_every_worker_tells_what_any_of_them_did(portal: Portal) -> None:
    """Many at a time, so that both are busy: whoever counted in memory would tell a part of it."""
    for _ in range(4):
        refused_sign_in(portal)
    with ThreadPoolExecutor(12) as at_once:
        told = list(at_once.map(lambda _number: attempts_told(portal), range(36)))
    assert set(told) == {4}
