"""Programs of the portal as processes, with an environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.settings import SAMPLE

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(data: Path, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """A sample environment for production over the data folder `data`; a change to None takes the setting away."""
    values: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PORTAL_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "MFA_FACTORS": os.environ.get("MFA_FACTORS"),
        **SAMPLE,
        "EMAIL_URL": "smtps://portal:nothing@mail.portal.test",
        "SMS_GATEWAYS": "http",
        "SMS_HTTP_URL": "https://sms.portal.test/messages",
        "SMS_HTTP_TOKEN": "nothing",
        "DATA_DIR": str(data),
        **(changes or {}),
    }
    return {name: value for name, value in values.items() if value is not None}


def manage(*arguments: str, settings: Mapping[str, str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """`manage.py` with these arguments and nothing of our own environment."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=dict(settings), capture_output=True, text=True, timeout=timeout, check=False
    )
