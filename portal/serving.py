"""How gunicorn serves the portal: `python -m gunicorn --config python:portal.serving portal.wsgi`.

Threads, not sync workers: a few idle keep-alive connections would block those.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.checks import run_checks
from django.urls import get_resolver
from gunicorn.workers import gthread

from portal import env
from portal.web_worker import WebWorker

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

# Settings first: they read .env, and stop here with one sentence where a value is bad.
_logging: dict[str, Any] = dict(settings.LOGGING)
logconfig_dict = {
    **_logging,
    "loggers": {
        **_logging["loggers"],
        "gunicorn.error": {"level": settings.LOG_LEVEL, "propagate": True},
        "gunicorn.access": {"level": "WARNING", "propagate": True},
    },
}
# Paths can hold tokens of links, so nothing logs them; the portal has its own authentication log.
accesslog = None

bind = env.text("WEB_BIND", "127.0.0.1:8000")
# One socket for all workers: of several, that of a worker that stands still would take connections all the same.
worker_class = WebWorker
workers = env.whole("WEB_WORKERS", 2, least=1)
threads = settings.WEB_THREADS
worker_tmp_dir = "/dev/shm"  # noqa: S108  # a heartbeat must not wait for a disk
control_socket_disable = True
keepalive = 15
timeout = 60
# A connection that says nothing waits in the poller: by default each holds a thread for five seconds, and a hundred of
# them hold up every code for a quarter of a minute.
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.02
graceful_timeout = 20

# Whose forwarding headers are believed is decided in portal.middleware alone.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}


def on_starting(server: Arbiter) -> None:
    """Refuse to serve pages whose style sheets cannot be found, and what the system checks call an error."""
    if not settings.DEBUG and not (settings.STATIC_ROOT / "staticfiles.json").exists():
        env.stop("DATA_DIR", "holds no collected static files: run `manage.py collectstatic` first.")
    django.setup()
    errors = [message for message in run_checks() if message.is_serious() and not message.is_silenced()]
    if errors:
        raise SystemExit("\n".join(f"{error.msg} {error.hint or ''}".strip() for error in errors))


def post_worker_init(worker: Worker) -> None:
    """Load what the first request would have to wait for, and spare it all from the garbage collector: its walk through
    what stays for ever holds up whoever is being served."""
    len(get_resolver().url_patterns)
    gc.collect()
    gc.freeze()
