"""Who is at the shell, for the audit trail of commands."""

from __future__ import annotations

import os
import pwd
import socket


def operator() -> dict[str, str]:
    """The account and the host, from the system and not from variables anybody can set; sudo's is kept beside it."""
    uid = os.getuid()
    try:
        account = pwd.getpwuid(uid).pw_name
    except KeyError:
        account = f"uid {uid}"
    return {"os_user": account, "sudo_user": os.environ.get("SUDO_USER", "")[:64], "host": socket.gethostname()}
