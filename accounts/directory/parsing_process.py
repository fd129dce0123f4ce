"""`python -m accounts.directory.parsing_process`: reads batches of records from its input until that ends."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import IO

from accounts.directory import collector, wire
from accounts.directory.reading import Reading


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer each batch with what is in it. A batch cut short is the end: who sent it is gone."""
    frames = _frames(source)
    rules, profile = wire.unpack_settings(next(frames))
    reading = Reading(rules)
    for packed in frames:
        sink.write(wire.pack_answer(reading.answer(wire.unpack_batch(packed, profile))))
        sink.flush()


def _frames(source: IO[bytes]) -> Iterator[bytes]:
    while len(head := source.read(wire.LENGTH.size)) == wire.LENGTH.size:
        (length,) = wire.LENGTH.unpack(head)
        content = source.read(length)
        if len(content) < length:
            return
        yield content


def main() -> None:
    # Ctrl-C goes to the whole group at a shell; the one who asked decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(StopIteration, BrokenPipeError), collector.seldom():
        serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
