"""Each sample account can do what is printed beside its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa.factors.motp import flows
from mfa.factors.motp.algorithm import Motp
from mfa.kinds import Answer, Purpose
from mfa.verification import service
from mfa.verification.service import Attempt
from tests.mfa.doors import add_factor


@pytest.mark.django_db
def test_code_that_is_printed_for_alice_is_right(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEBUG = True
    from demo import accounts, code, passwords  # refuse to be imported without DEBUG

    monkeypatch.setattr(passwords, "FOLDER", tmp_path)
    accounts.load()
    code.main("alice")
    alice = User.objects.get(username="alice")
    typed = capsys.readouterr().out.strip()
    attempt = Attempt(alice, Answer(typed, Purpose.SIGN_IN), "portal", "192.0.2.1", kind="totp")
    assert service.verify(attempt, now=timezone.now()).accepted


@pytest.mark.django_db
def test_code_of_an_motp_app_is_printed_while_it_is_set_up(
    settings: Settings, alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEBUG = True
    from demo import code

    now = timezone.now()
    add_factor(alice)
    motp = Motp("0123456789abcdef", "1234")
    waiting = flows.begin(alice, motp, name="Router", shown=True, now=now)
    code.main("alice", "motp")
    assert flows.confirm(alice, waiting.pk, capsys.readouterr().out.strip(), now=now).confirmed
