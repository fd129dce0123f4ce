"""The sample pages are worth a look: an application that can be asked, sign-ins of some days, a rule that runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa import policy
from mfa.api import clients
from mfa.models import Application, AuthenticationRecord


@pytest.mark.django_db
def test_sample_vpn_can_be_asked_from_this_machine_and_has_a_past(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    from demo import accounts, life, passwords  # refuse to be imported without DEBUG

    monkeypatch.setattr(passwords, "FOLDER", tmp_path)
    now = timezone.now()
    accounts.load()
    for _ in range(2):  # a second start adds nothing
        life.load(now=now)
    key = f"Bearer {passwords.of(life.KEY)}"
    assert clients.authenticate(key, clients.Verb.VERIFY, address="127.0.0.1", now=now).application.slug == "vpn"
    with pytest.raises(clients.NotAllowed):
        clients.authenticate(key, clients.Verb.VERIFY, address="192.0.2.1", now=now)
    assert Application.objects.count() == 1
    assert AuthenticationRecord.objects.filter(application="vpn", accepted=True).count() > 10
    alice = User.objects.get(username="alice")
    assert policy.of(alice, now=now).demands
