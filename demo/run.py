"""`make run`: database, sample accounts, sample directory, web server, worker and beat, until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from demo import directory, passwords
from demo.supervisor import ROOT, Supervisor

PATIENCE = 60.0
MANAGE = [sys.executable, "manage.py"]
CELERY = [sys.executable, "-m", "celery", "--app", "portal", "--quiet"]
WEB = [sys.executable, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi"]
WORKER = [*CELERY, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
BEAT = [*CELERY, "beat", "--pidfile", "", "--loglevel", "WARNING"]


def main() -> int:
    port = chosen_port()
    only_one()
    supervisor = Supervisor()
    django.setup()
    if directory.is_configured():
        directory.make_certificate()
    call_command("migrate", verbosity=0)
    address = f"http://localhost:{port}"
    with override_settings(PUBLIC_URL=address):  # the first messages are written by this process
        load_accounts()
    environment = os.environ | {"PUBLIC_URL": address, "WEB_BIND": f"127.0.0.1:{port}"}
    has_directory = start_directory(supervisor, environment)
    for name, command in (("web server", WEB), ("worker", WORKER), ("beat", BEAT)):
        supervisor.start(name, command, environment)
    if wait_for_web(supervisor, port):
        greet(address, has_directory)
    return supervisor.watch()


def chosen_port() -> int:
    """PORT, else the port of PUBLIC_URL. Ends the program with a sentence where it cannot be used."""
    text = os.environ.get("PORT") or str(urlsplit(settings.PUBLIC_URL).port or 8000)
    if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= 65535):
        raise SystemExit("PORT: must be a number from 1024 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError:
            raise SystemExit(f"Port {text} is taken by another program; try: PORT={int(text) + 1} make run") from None
    return int(text)


def only_one() -> None:
    """Lock the sample data while this process lives; the file is left open for that."""
    passwords.FOLDER.mkdir(parents=True, exist_ok=True)
    lock = os.open(passwords.FOLDER / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit(
            "The portal already runs from this folder; stop it with Ctrl-C where it was started."
        ) from None


def load_accounts() -> None:
    from demo import accounts, life  # models exist after django.setup() only

    accounts.load()
    life.load(now=timezone.now())


def start_directory(supervisor: Supervisor, environment: dict[str, str]) -> bool:
    """Run the sample directory where the settings ask for it; without it, the portal knows local accounts only."""
    if not directory.is_configured():
        return False
    try:
        supervisor.start("sample directory", directory.command(), environment, log=directory.FOLDER / "slapd.log")
        _wait_until_listening(supervisor)
    except directory.Unusable as problem:
        print(f"No sample directory: {problem}.", flush=True)
        environment["LDAP_URL"] = ""
        return False
    first_sync(environment)
    return True


def _wait_until_listening(supervisor: Supervisor) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and not supervisor.ended():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", directory.port()), timeout=1):
            return
        time.sleep(0.05)
    supervisor.drop("sample directory")
    raise directory.Unusable(
        f"slapd does not start on port {directory.port()} of LDAP_URL; {directory.FOLDER}/slapd.log says why"
    )


def first_sync(environment: dict[str, str]) -> None:
    """Take the people of the directory over, once; afterwards the schedule does it."""
    from accounts.models import SyncRun  # models exist after django.setup() only

    if not SyncRun.objects.filter(state=SyncRun.State.DONE, dry_run=False).exists():
        print("Reading the sample directory ...", flush=True)
        subprocess.run([*MANAGE, "sync_directory"], cwd=ROOT, env=environment, check=False)  # noqa: S603


def wait_for_web(supervisor: Supervisor, port: int) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not supervisor.received and not supervisor.ended():
        request = urllib.request.Request(f"http://127.0.0.1:{port}/health/ready", headers={"Host": "localhost"})
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(request, timeout=5),  # noqa: S310  # a fixed scheme
        ):
            return True
        time.sleep(0.1)
    return False


def greet(address: str, has_directory: bool) -> None:
    from demo import accounts, life  # models exist after django.setup() only

    rows = [(sample.username, passwords.of(sample.username), sample.what) for sample in accounts.SAMPLES]
    if has_directory:
        rows.append(("anna.becker", passwords.of("directory people"), "from the directory, as some 60 others"))
    print(f"\nThe portal runs at {address} - stop it with Ctrl-C.\n\nSample accounts:")
    for username, password, what in rows:
        print(f"  {username:<12} {password}  {what}")
    print("\nThe sample VPN asks with its key; the code of an app: make code USER=alice")
    print(f"  curl -H 'Authorization: Bearer {passwords.of(life.KEY)}' -H 'Content-Type: application/json' \\")
    alice = f'{{"username":"alice","password":"{passwords.of("alice")}","code":"123456"}}'
    print(f"    -d '{alice}' {address}/api/v1/verify")
    print(f"\nMessages that left: {address}/inbox/    Administration: {address}/admin/", flush=True)


if __name__ == "__main__":
    sys.exit(main())
