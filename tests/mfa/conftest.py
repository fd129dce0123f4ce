from __future__ import annotations

import pytest

from mfa import kinds
from tests.mfa.sample_kind import SampleKind, SecondKind


@pytest.fixture
def sample_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two kinds of factors that answer to words, instead of the configured ones."""
    registry = {kind.slug: kind for kind in (SampleKind(), SecondKind())}
    monkeypatch.setattr(kinds, "registry", lambda: registry)
