"""Where Celery looks for this app's tasks."""

from __future__ import annotations

from mfa.delivery.tasks import deliver, sweep

__all__ = ["deliver", "sweep"]
