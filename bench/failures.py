from __future__ import annotations


class BenchFailed(RuntimeError):
    """A measurement cannot be trusted or could not be made; the message says why in one or two sentences."""
