"""How stories go from page to page."""

from __future__ import annotations

import html
from typing import Any

from django.test import Client


def get(client: Client, path: str) -> Any:
    return client.get(path, secure=True)


def post(client: Client, path: str, **typed: str) -> Any:
    return client.post(path, typed, secure=True)


def follow(client: Client, answer: Any) -> Any:
    assert answer.status_code == 302, answer.content.decode()
    return get(client, answer.headers["Location"])


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())
