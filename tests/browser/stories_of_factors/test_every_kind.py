"""Each kind in use has its story, and each story all steps of a life."""

from __future__ import annotations

from importlib import import_module

from mfa import kinds

STEPS = (
    ("enrols", "is_issued", "is_lent"), ("uses",), ("tries",), ("renames",), ("replaces",), ("removes",), ("loses",),
    ("is_reset",),
)  # fmt: skip
"""One word of each stands in the names of a story's functions; helpdesk's codes are not enrolled, but given."""


def test_every_kind_lives_through_every_step() -> None:
    for slug in kinds.registry():
        told = "\n".join(vars(import_module(f"{__package__}.test_{slug}")))
        missing = [step for step in STEPS if not any(word in told for word in step)]
        assert not missing, f"{slug}: {missing}"
