"""A directory to read: the real slapd, empty, as the portal's settings name it."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from accounts.directory import configuration
from accounts.directory.readers.ldap import Server
from tests.accounts.directory.places import settings_for
from tests.services.slapd import Slapd


@pytest.fixture
def directory(slapd: Slapd, settings: LazySettings) -> Slapd:
    """OpenLDAP with nobody in it, reached by StartTLS, in pages of three."""
    slapd.reset()
    for name, value in settings_for(slapd).items():
        setattr(settings, name, value)
    return slapd


@pytest.fixture
def server(directory: Slapd) -> Server:
    """How the portal reaches it."""
    return configuration.server()
