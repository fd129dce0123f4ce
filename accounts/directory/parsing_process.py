"""`python -m accounts.directory.parsing_process`: reads batches of records from its input until that ends."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import IO

from accounts.directory import wire
from accounts.directory.reading import Reading


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer each batch with what is in it. A batch cut short is the end: who sent it is gone."""
    rules, profile = wire.unpack_settings(_exactly(source, wire.LENGTH.unpack(_exactly(source, wire.LENGTH.size))[0]))
    reading = Reading(rules)
    while head := source.read(wire.HEAD.size):
        batch = wire.unpack_batch(head, _exactly(source, wire.rest_of(head)), profile)
        sink.write(wire.pack_answer(reading.answer(batch)))
        sink.flush()


def _exactly(source: IO[bytes], length: int) -> bytes:
    found = source.read(length)
    if len(found) < length:
        raise EOFError
    return found


def main() -> None:
    # Ctrl-C goes to the whole group at a shell; the one who asked decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(EOFError, BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
