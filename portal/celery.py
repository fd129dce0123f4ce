"""The Celery application. Tasks live in each app's `tasks.py` and carry row ids only."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

BEAT_FIRST, BEAT_EVERY = 300.0, 120.0
"""Seconds. Beat writes down what it started every three minutes."""


@worker_ready.connect(dispatch_uid="portal.celery.look_after_beat")
def look_after_beat(sender: Any, **more: object) -> None:
    """Each worker asks for a look at beat by itself: a dead one starts no watch, and nobody would be told."""

    def look() -> None:
        app.send_task("mfa.tasks.watch_beat", expires=int(BEAT_EVERY) + 1)

    sender.timer.call_after(BEAT_FIRST, lambda: sender.timer.call_repeatedly(BEAT_EVERY, look))
