"""bin/system-packages asks dpkg first, installs what is missing without starting daemons, or says what to install."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bin" / "system-packages"

# Stand in for the machine's package tools: a list of missing packages, and a record of what was asked of root.
DPKG = """#!/bin/sh
shift 2
for package in "$@"; do
    if grep -qx "$package" "$MACHINE/missing"; then echo "not-installed $package"; else echo "installed $package"; fi
done
"""
APT = """#!/bin/sh
echo "apt-get $*" >> "$MACHINE/asked"
case "$*" in *install*) [ -e "$MACHINE/offline" ] && exit 100; : > "$MACHINE/missing" ;; esac
"""
SUDO = """#!/bin/sh
[ -e "$MACHINE/no-sudo" ] && exit 1
shift
case "$1" in
    apt-get|true) exec "$@" ;;
    env) exec "$@" ;;
    tee) cat > "$MACHINE/policy"; echo "$*" >> "$MACHINE/asked" ;;
    *) echo "$*" >> "$MACHINE/asked" ;;
esac
"""


@dataclass
class Machine:
    folder: Path

    def lacks(self, *packages: str) -> None:
        (self.folder / "missing").write_text("".join(f"{package}\n" for package in packages))

    def is_marked(self, mark: str) -> None:
        (self.folder / mark).touch()

    @property
    def asked(self) -> str:
        record = self.folder / "asked"
        return record.read_text() if record.exists() else ""

    def run(self, *groups: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin", "MACHINE": str(self.folder)}
        return subprocess.run([SCRIPT, *groups], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    programs = {"dpkg-query": DPKG, "apt-get": APT, "sudo": SUDO, "id": "#!/bin/sh\necho 1000\n"}
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    machine = Machine(tmp_path)
    machine.lacks()
    return machine


def test_nothing_is_asked_of_apt_when_all_is_there(machine: Machine) -> None:
    done = machine.run("run", "test")
    assert (done.returncode, done.stdout, done.stderr, machine.asked) == (0, "", "", "")


@pytest.mark.skipif(Path("/usr/sbin/policy-rc.d").exists(), reason="this machine has a policy of its own")
def test_only_what_is_missing_is_installed_and_daemons_stay_off_meanwhile(machine: Machine) -> None:
    machine.lacks("slapd", "oathtool")
    assert machine.run("test").returncode == 0
    assert machine.asked.splitlines() == [
        "tee /usr/sbin/policy-rc.d",
        "chmod 755 /usr/sbin/policy-rc.d",
        "apt-get -q update",
        "apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends slapd oathtool",
        "rm -f /usr/sbin/policy-rc.d",
    ]
    assert (machine.folder / "policy").read_text() == "#!/bin/sh\nexit 101\n"


def test_missing_required_package_that_cannot_be_installed_is_named(machine: Machine) -> None:
    machine.is_marked("no-sudo")
    machine.lacks("gcc", "slapd")
    done = machine.run("run")
    assert done.returncode == 1
    assert "sudo apt-get install gcc\n" in done.stderr
    assert machine.asked == ""


def test_failed_installation_names_what_is_still_missing(machine: Machine) -> None:
    machine.is_marked("offline")
    machine.lacks("kannel")
    done = machine.run("test")
    assert done.returncode == 1
    assert "sudo apt-get install kannel\n" in done.stderr


def test_missing_optional_package_is_only_mentioned(machine: Machine) -> None:
    machine.is_marked("no-sudo")
    machine.lacks("slapd")
    done = machine.run("run")
    assert done.returncode == 0
    assert "sudo apt-get install slapd\n" in done.stderr


@pytest.mark.parametrize("groups", [(), ("everything",)])
def test_unknown_group_is_refused(machine: Machine, groups: tuple[str, ...]) -> None:
    done = machine.run(*groups)
    assert done.returncode == 2
    assert "Usage" in done.stderr
