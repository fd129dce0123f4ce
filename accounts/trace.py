"""Which request is being served, for logs and audit rows, without handing `request` down to where the acts are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
address: ContextVar[str] = ContextVar("address", default="")
"""The client's address as `portal.middleware` established it; empty at a shell and in a worker."""


@contextmanager
def of_request(name: str) -> Iterator[None]:
    """What is logged and written within belongs to the request of this id: its work went on elsewhere."""
    token = request_id.set(name)
    try:
        yield
    finally:
        request_id.reset(token)
