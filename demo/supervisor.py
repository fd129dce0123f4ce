"""Several processes that live and die together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

PATIENCE = 15.0
ROOT = Path(__file__).resolve().parent.parent


class Supervisor:
    """Starts children, each in a session of its own; when one ends, or we are told to, all of them end.

    The kernel ends them if we are killed ourselves.
    """

    def __init__(self) -> None:
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.received = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def start(self, name: str, command: list[str], environment: Mapping[str, str], log: Path | None = None) -> None:
        """Start a child whose output goes to our own, or to the file `log`."""
        with log.open("ab") if log else contextlib.nullcontext() as output:
            self.children[name] = subprocess.Popen(  # noqa: S603  # commands are our own
                ["/usr/bin/setpriv", "--pdeathsig", "TERM", "--", *command],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def ended(self) -> str | None:
        """A sentence about a child that ended, or None while all run."""
        for name, child in self.children.items():
            if child.poll() is not None:
                return f"{name} ended with code {child.returncode}"
        return None

    def watch(self) -> int:
        """Wait until we are told to end (0) or a child ends (1), then end all. Returns the exit code."""
        while not self.received:
            if sentence := self.ended():
                print(f"{sentence}; stopping the rest.", flush=True)
                self.stop()
                return 1
            time.sleep(0.1)
        self.stop()
        print("Stopped.", flush=True)
        return 0

    def stop(self) -> None:
        """Ask every child to end, wait, and kill what remains of their groups."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + PATIENCE
        for child in self.children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, until - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def drop(self, name: str) -> None:
        """Forget a child that is not needed to go on."""
        child = self.children.pop(name)
        if child.poll() is None:
            child.kill()
        child.wait()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
