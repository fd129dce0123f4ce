"""Child processes that end with us, however we end: stopped by their owner, at exit, or by the kernel when we die."""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_started: weakref.WeakSet[ServerProcess] = weakref.WeakSet()
_owner = os.getpid()


class MissingProgram(RuntimeError):
    """A server is not installed; the message is one sentence that names the Debian package."""


class ServerFailed(RuntimeError):
    """A server ended or did not answer in time; the message ends with the last lines of its log."""


def find_program(name: str, package: str, *folders: str | Path) -> str:
    """The full path of `name`, sought in `folders`, in PATH and where system daemons live, or MissingProgram."""
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingProgram(f"{name} is not installed: run `bin/system-packages test` or `apt-get install {package}`.")
    return found


class ServerProcess:
    """One server in its own session and process group, its output in `log`.

    Start it from a thread that lives as long as the server: the kernel ties the death signal to the starting thread.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.command = [str(part) for part in command]
        self.log = log
        self.stop_signal = stop_signal
        self._user = user if os.geteuid() == 0 else None
        self._environment = dict(environment) if environment is not None else None
        self._folder = folder or log.parent
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; ServerFailed when it was never started or is stopped."""
        if self._process is None:
            raise ServerFailed(f"{self.command[0]} is not running.")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; does nothing when it runs. `wait_until` tells when it answers."""
        if self.running:
            return
        account = pwd.getpwnam(self._user) if self._user else None
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )
        _started.add(self)

    def wait_until(self, ready: Callable[[], bool], *, timeout: float = 60.0) -> None:
        """Return once `ready()` is true; ServerFailed when the server ends first or `timeout` seconds pass."""
        until = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise ServerFailed(f"{self.command[0]} ended at its start:\n{self.last_lines()}")
            if time.monotonic() > until:
                raise ServerFailed(f"{self.command[0]} did not answer in {timeout:g} s:\n{self.last_lines()}")
            time.sleep(0.02)

    def stop(self, *, timeout: float = 15.0) -> None:
        """Ask it to end and wait; what is left of its process group after `timeout` seconds is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(self.stop_signal)
            process.send_signal(signal.SIGCONT)  # a paused server could not obey
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        _kill_group(process.pid)
        process.wait()

    def pause(self) -> None:
        """Let it hang: connections open but nothing answers until `resume`."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            _kill_group(process.pid)
            process.wait()

    def last_lines(self, count: int = 30) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-count:])


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


@atexit.register
def _stop_everything() -> None:
    # A forked child inherits this list but owns none of the servers.
    if os.getpid() == _owner:
        for process in list(_started):
            process.kill()
