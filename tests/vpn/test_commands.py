"""The commands of the interface's page do what the page says, run by curl as they stand there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.desk import interface
from mfa.models import Application, AuthenticationRecord
from tests.vpn.conftest import Door


@pytest.mark.service("processes")
def test_each_command_is_answered_as_its_page_says(
    door: Door, settings: Settings, vpn: Application, make_user: Callable[..., User]
) -> None:
    settings.PUBLIC_URL = door.url
    admin, now = make_user("alice"), timezone.now()
    key = clients.issue(
        vpn, verbs=list(Verb), networks=["127.0.0.1"], expires_at=now + timedelta(days=1), actor=admin,
        now=now,
    )  # fmt: skip
    statuses = {}
    for operation in interface.operations():
        command = operation.curl.replace("KEY", key)
        done = subprocess.run(
            ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=False,
            env=os.environ | {"CURL_CA_BUNDLE": str(door.ca_file)},
        )  # fmt: skip
        statuses[operation.address.removeprefix(door.url)] = done.stdout.split()[1]
        assert done.stdout.split()[1] in {status for status, _meaning, _names in operation.answers}
    assert statuses == {"/api/v1/verify": "200", "/api/v1/challenge": "200", "/api/v1/radius/authorize": "401"}
    assert AuthenticationRecord.objects.filter(application="vpn", accepted=False).count() == 3
