"""The HTTP gateway records every request and misbehaves as told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import requests

from tests.services.http_gateway import HttpGateway


@pytest.fixture(autouse=True)
def _no_requests(http_gateway: HttpGateway) -> None:
    http_gateway.reset()


def test_request_is_recorded(http_gateway: HttpGateway) -> None:
    before = time.time()
    answer = requests.post(
        f"{http_gateway.url}?a=1", data={"to": "+44", "text": "é"}, headers={"X-Key": "k"}, timeout=5
    )
    assert (answer.status_code, answer.json()) == (200, {"id": "1"})
    [request] = http_gateway.requests
    assert (request.method, request.path, request.headers["x-key"]) == ("POST", "/sms?a=1", "k")
    assert (request.query, request.form) == ({"a": "1"}, {"to": "+44", "text": "é"})
    assert before <= request.at <= time.time()


def test_plans_are_followed_in_their_order(http_gateway: HttpGateway) -> None:
    http_gateway.answer(500, "broken", times=1)
    http_gateway.redirect("http://127.0.0.1:1/", times=1)
    http_gateway.answer(429, headers={"Retry-After": "3"}, times=1)
    answers = [requests.post(http_gateway.url, json={}, allow_redirects=False, timeout=5) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 302, 429, 200]
    assert answers[0].text == "broken"
    assert answers[1].headers["Location"] == "http://127.0.0.1:1/"
    assert answers[2].headers["Retry-After"] == "3"


def test_dropped_request_is_on_record(http_gateway: HttpGateway) -> None:
    http_gateway.drop(times=1)
    with pytest.raises(requests.ConnectionError):
        requests.post(http_gateway.url, timeout=5)
    assert len(http_gateway.requests) == 1


def test_hanging_request_is_on_record_and_holds_up_nobody_else(http_gateway: HttpGateway) -> None:
    http_gateway.hang(5, times=1)
    with pytest.raises(requests.ReadTimeout):
        requests.post(http_gateway.url, timeout=0.3)
    assert requests.post(http_gateway.url, timeout=5).status_code == 200
    assert len(http_gateway.requests) == 2


def test_request_of_a_killed_process_is_on_record(http_gateway: HttpGateway) -> None:
    http_gateway.hang(20)
    script = f"import urllib.request; urllib.request.urlopen({http_gateway.url!r}, data=b'x')"
    with subprocess.Popen([sys.executable, "-c", script]) as worker:
        [request] = http_gateway.wait_for(1)
        os.kill(worker.pid, signal.SIGKILL)
    assert request.body == b"x"


def test_stopped_gateway_refuses_connections(http_gateway: HttpGateway) -> None:
    http_gateway.stop()
    with pytest.raises(requests.ConnectionError):
        requests.post(http_gateway.url, timeout=5)
