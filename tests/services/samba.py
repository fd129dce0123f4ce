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

    Making its domain costs some ten seconds of one core in each process that asks for it.
    """
    with started(samba_server()) as server:
        yield server
