"""Settings with which nobody could get in, or messages could not leave safely, are named before the start."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from mfa import checks, kinds


def found(settings: Settings, **values: object) -> list[str]:
    safe = {
        "SMS_GATEWAYS": ["kannel"],
        "SMS_KANNEL_URL": "http://127.0.0.1:13013/cgi-bin/sendsms",
        "SMS_KANNEL_USERNAME": "portal",
        "SMS_KANNEL_PASSWORD": "password",
        "SMS_HTTP_URL": "https://sms.provider.net/send",
        "SMS_HTTP_TOKEN": "token",
        "EMAIL_URL": "smtp+starttls://mail.organisation.net",
        "MFA_FACTORS": ["totp", "sms"],
        "SMS_RISK_CHECK": "",
        "DEBUG": False,
    }
    for name, value in {**safe, **values}.items():
        setattr(settings, name, value)
    messages = [*checks.sms_gateways(None), *checks.mail_server(None), *checks.risk_check(None)]
    assert all(message.hint for message in messages)
    return [f"{message.id} {message.msg}" for message in messages]


def test_good_settings_pass(settings: Settings) -> None:
    assert found(settings) == []
    assert found(settings, SMS_GATEWAYS=["http", "kannel"]) == []
    assert found(settings, EMAIL_URL="smtp://localhost:25") == []
    assert found(settings, DEBUG=True, SMS_GATEWAYS=["inbox"], EMAIL_URL="inbox://") == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"SMS_GATEWAYS": []}, "mfa.E011"),
        ({"SMS_GATEWAYS": ["carrier_pigeon"]}, "mfa.E012"),
        ({"SMS_GATEWAYS": ["inbox"]}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["kannel"], "SMS_KANNEL_PASSWORD": ""}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["kannel"], "SMS_KANNEL_USERNAME": "a\r\nb"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["kannel"], "SMS_KANNEL_URL": "http://kannel.organisation.net/cgi-bin/sendsms"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["kannel"], "SMS_KANNEL_URL": ""}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["http"], "SMS_HTTP_URL": "http://sms.provider.net/send"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["http"], "SMS_HTTP_URL": "http://127.0.0.1/send"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["http"], "SMS_HTTP_URL": "https://169.254.169.254/send"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["http"], "SMS_HTTP_URL": "https://localhost/send"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["http"], "SMS_HTTP_URL": "https://u:p@sms.provider.net/send"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["http"], "SMS_HTTP_URL": "file:///etc/passwd"}, "mfa.E013"),
        ({"SMS_GATEWAYS": ["http"], "SMS_HTTP_TOKEN": ""}, "mfa.E013"),
        ({"EMAIL_URL": "smtp://mail.organisation.net"}, "mfa.E014"),
        ({"EMAIL_URL": "inbox://"}, "mfa.E014"),
        ({"SMS_RISK_CHECK": "no.such.function"}, "mfa.E015"),
        ({"SMS_RISK_CHECK": "mfa.delivery.outbox.CODES"}, "mfa.E015"),
    ],
)
def test_bad_settings_are_named(settings: Settings, values: dict[str, object], expected: str) -> None:
    messages = found(settings, **values)
    assert len(messages) == 1
    assert messages[0].startswith(expected)


def test_without_the_sms_factor_no_gateway_is_needed(settings: Settings) -> None:
    assert found(settings, SMS_GATEWAYS=[], MFA_FACTORS=["totp"]) == []


def test_no_problem_shows_a_secret(settings: Settings) -> None:
    bad = found(settings, SMS_GATEWAYS=["http"], SMS_HTTP_TOKEN="hunter\n2", SMS_KANNEL_PASSWORD="hunter\n2")
    assert bad
    assert "hunter" not in str(bad)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ("totp sms recovery activation", []),
        ("totp activation", []),
        ("sms activation", []),
        ("totp sms recovery", ["mfa.E010"]),
        ("recovery activation", ["mfa.E009"]),
        ("recovery", ["mfa.E009", "mfa.E010"]),
    ],
)
def test_kinds_that_would_lock_people_out_are_named(
    monkeypatch: pytest.MonkeyPatch, names: str, missing: list[str]
) -> None:
    in_use = {slug: kinds.kind(slug) for slug in names.split()}
    monkeypatch.setattr(kinds, "registry", lambda: in_use)
    assert [problem.id for problem in checks.factors(None)] == missing
