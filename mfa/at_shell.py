"""Who is at the shell and why, for the audit trail of commands."""

from __future__ import annotations

import os
import pwd
import socket

from django.core.management.base import CommandError


def operator() -> dict[str, str]:
    """The account and the host, from the system and not from variables anybody can set; sudo's is kept beside it."""
    uid = os.getuid()
    try:
        account = pwd.getpwuid(uid).pw_name
    except KeyError:
        account = f"uid {uid}"
    return {"os_user": account, "sudo_user": os.environ.get("SUDO_USER", "")[:64], "host": socket.gethostname()}


def words(operator: dict[str, str]) -> str:
    """The account and the host for pages and mails. Whom sudo names stands behind them: without sudo it is a variable
    that whoever is there sets."""
    shown = f"{operator['os_user']}@{operator['host']}"
    return f"{shown} (sudo: {operator['sudo_user']})" if operator["sudo_user"] else shown


def reason(text: str) -> str:
    """What `--reason` says, on one line. Raises CommandError where it says nothing, or more than the trail takes."""
    line = " ".join(text.split())
    if not 1 <= len(line) <= 500:
        raise CommandError("--reason must say why, in 1 to 500 characters. Nothing was changed.")
    return line
