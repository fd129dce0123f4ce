"""Which request is being served, for logs and audit rows, without handing `request` down to where the acts are."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
address: ContextVar[str] = ContextVar("address", default="")
"""The client's address as `portal.middleware` established it; empty at a shell and in a worker."""
