from __future__ import annotations

import pytest

from mfa.desk import bulk_work


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which acts the workers were told of; a test does their turns itself."""
    woken: list[int] = []
    monkeypatch.setattr(bulk_work, "wake", woken.append)
    return woken
