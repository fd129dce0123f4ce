"""Pytest plugin: an Active Directory domain controller."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.samba import Samba, samba_server
from tests.services.started import started

__all__ = ["Samba", "samba", "samba_server"]


@pytest.fixture(scope="session")
def samba() -> Iterator[Samba]:
    """The domain controller of the session, made when it is first asked for; call `samba.reset()` first.

    Its domain is made once in a run of the tests, which costs some ten seconds; further processes take a copy.
    """
    with started(samba_server()) as server:
        yield server
