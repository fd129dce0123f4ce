"""Pytest plugin: OpenLDAP, with a right certificate and with each kind of wrong one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.slapd import Slapd, slapd_server
from tests.services.started import started

__all__ = ["Slapd", "slapd", "slapd_expired", "slapd_self_signed", "slapd_server", "slapd_with_wrong_name"]


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """OpenLDAP without people; call `slapd.reset()` first where other tests may have left some."""
    with started(slapd_server()) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_with_wrong_name() -> Iterator[Slapd]:
    """OpenLDAP whose certificate is signed by its `ca_file` but names another host."""
    with started(slapd_server(names=["directory.elsewhere.test"])) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_self_signed() -> Iterator[Slapd]:
    """OpenLDAP whose certificate no authority signed."""
    with started(slapd_server(signed_by_authority=False)) as server:
        yield server


@pytest.fixture(scope="session")
def slapd_expired() -> Iterator[Slapd]:
    """OpenLDAP whose certificate has the right name and authority and ended yesterday."""
    with started(slapd_server(days=-1)) as server:
        yield server
