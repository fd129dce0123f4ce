"""The test domain controller behaves as a company's: trust, rights, answers; and it leaves nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import ldap
import psutil
import pytest

from tests.services.samba import Samba
from tests.services.servers import networks
from tests.services.servers.networks import address, free_number
from tests.services.servers.processes import MissingProgram

PASSWORD = "Tall-trees-7"
STARTER = """
import time
from pathlib import Path
from tests.services.servers.networks import private_network
with private_network(Path({folder!r})) as network:
    print(network.keeper.pid, network.number, flush=True)
    time.sleep(300)
"""


@pytest.fixture(autouse=True)
def _empty_directory(request: pytest.FixtureRequest) -> None:
    if "samba" in request.fixturenames:
        request.getfixturevalue("samba").reset()


def test_people_are_added_disabled_renamed_and_deleted(samba: Samba) -> None:
    dn = samba.add_person("alice", PASSWORD, mobile="+49 170 1234567", c="DE")
    samba.disable(dn)
    samba.add(f"OU=left,{samba.base}", {"objectClass": "organizationalUnit"})
    samba.rename(dn, "CN=Alicia", new_superior=f"OU=left,{samba.base}")
    [(name, found)] = samba.search(attributes=["objectGUID", "userAccountControl", "mobile"])
    assert name == f"CN=Alicia,OU=left,{samba.base}"
    assert (len(found["objectGUID"][0]), found["userAccountControl"], found["mobile"]) == (
        16, [b"514"], [b"+49 170 1234567"],
    )  # fmt: skip
    samba.delete(name)
    assert samba.search() == []


def test_refused_bind_says_why_in_its_remark(samba: Samba) -> None:
    dn = samba.add_person("alice", PASSWORD)
    with samba.connection(dn, PASSWORD):
        pass
    with pytest.raises(ldap.INVALID_CREDENTIALS, match="data 52e"), samba.connection(dn, "wrong"):
        pass
    samba.disable(dn)
    with pytest.raises(ldap.INVALID_CREDENTIALS, match="data 533"), samba.connection(dn, PASSWORD):
        pass


def test_password_is_refused_without_tls(samba: Samba) -> None:
    link = ldap.initialize(samba.url)
    with pytest.raises(ldap.STRONG_AUTH_REQUIRED):
        link.simple_bind_s(samba.bind_dn, samba.password)
    link.unbind_s()


def test_service_account_reads_people_and_changes_nothing(samba: Samba) -> None:
    dn = samba.add_person("alice", PASSWORD)
    with samba.connection(samba.bind_dn, samba.password) as link:
        assert link.search_s(dn, ldap.SCOPE_BASE, attrlist=["userAccountControl"])[0][1]
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            link.modify_s(dn, [(ldap.MOD_REPLACE, "mobile", [b"1"])])


def test_stopped_controller_comes_back_with_its_people(samba: Samba) -> None:
    samba.add_person("alice")
    samba.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((samba.network.there, 636), timeout=5)
    samba.start()
    assert len(samba.search()) == 1


@pytest.mark.service("network")
def test_killed_test_process_leaves_no_process_and_no_network(tmp_path: Path) -> None:
    script = STARTER.format(folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, number = map(int, starter.stdout.readline().split())
        cable = Path("/sys/class/net") / f"tst{number}a"
        assert cable.exists()
        server = psutil.Process(pid)
        starter.kill()
    server.wait(60)
    until_gone(cable)


def until_gone(cable: Path) -> None:
    until = time.monotonic() + 60
    while cable.exists():
        assert time.monotonic() < until, "the network stayed"
        time.sleep(0.02)


@pytest.mark.service("network")
def test_network_is_never_given_out_twice() -> None:
    found = [free_number() for _ in range(50)]
    assert len({address(number, host) for number in found for host in (1, 2)}) == 100


def test_machine_without_network_namespaces_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(MissingProgram, match="namespaces"):
        networks.free_number()
