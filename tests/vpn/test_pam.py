"""A real RADIUS client that is not ours: pam_radius, asked by pamtester, with one server and with two."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from mfa.models import Application, AuthenticationRecord
from tests.conftest import PASSWORD
from tests.services.servers.freeradius import UNSIGNING, UNSIGNING_ADDRESS, FreeRadius, freeradius_server
from tests.services.servers.ports import free_port
from tests.services.servers.processes import find_program
from tests.stories.authenticator import Phone

Server = tuple[int, str, int]
"""Port, secret, and the seconds after which the next one is asked."""
PATIENT = 30


def sign_in(folder: Path, servers: Sequence[Server], name: str, *typed: str) -> bool:
    """Whether PAM lets `name` in, who types `typed` at its prompts; `servers` are asked in turn."""
    pamtester, unshare = find_program("pamtester", "pamtester"), find_program("unshare", "util-linux")
    (folder / "pam.d").mkdir(exist_ok=True)
    lines = [f"127.0.0.1:{port} {secret} {seconds} {UNSIGNING_ADDRESS}" for port, secret, seconds in servers]
    (folder / "servers").write_text("\n".join(lines) + "\n")
    (folder / "servers").chmod(0o600)
    (folder / "pam.d" / "vpn").write_text(f"auth required pam_radius_auth.so conf={folder}/servers\n")
    # PAM looks for services in one folder only; the mount is seen by this process and goes with it.
    command = f"mount --bind {folder}/pam.d /etc/pam.d && exec {pamtester} vpn {name} authenticate"
    done = subprocess.run(
        [unshare, "--mount", "sh", "-c", command],
        input="\n".join(typed) + "\n", text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return "successfully authenticated" in done.stdout + done.stderr


def test_a_stock_client_goes_through_password_and_code(radius: FreeRadius, phone: Phone, tmp_path: Path) -> None:
    servers, code = [(radius.port, radius.secret, PATIENT)], phone.code()
    assert sign_in(tmp_path, servers, "alice", PASSWORD, code)
    assert not sign_in(tmp_path, servers, "alice", PASSWORD, code)  # the same code again
    assert not sign_in(tmp_path, servers, "alice", "wrong")
    assert set(AuthenticationRecord.objects.values_list("gateway", flat=True)) == {UNSIGNING}


@pytest.mark.row("F-07")
def test_the_next_server_is_asked_where_the_first_is_out_of_reach(
    radius: FreeRadius, vpn: Application, phone: Phone, tmp_path: Path
) -> None:
    Application.objects.update(mode=Application.Mode.PASSWORD_AND_CODE)
    servers = [(free_port(), "secret-of-the-one-that-is-down", 1), (radius.port, radius.secret, PATIENT)]
    assert sign_in(tmp_path, servers, "alice", PASSWORD + phone.code())


@pytest.mark.row("F-07")
def test_the_next_server_is_asked_where_the_first_ones_portal_is_down(
    radius: FreeRadius, vpn: Application, phone: Phone, tmp_path: Path
) -> None:
    Application.objects.update(mode=Application.Mode.PASSWORD_AND_CODE)
    with freeradius_server(f"https://localhost:{free_port()}", "000000000000.key") as alone:
        assert alone.ask(User_Name="alice", User_Password=PASSWORD + phone.code(), wait=1.0).packet == ""
        servers = [(alone.port, alone.secret, 1), (radius.port, radius.secret, PATIENT)]
        assert sign_in(tmp_path, servers, "alice", PASSWORD + phone.code())
    assert AuthenticationRecord.objects.count() == 1
