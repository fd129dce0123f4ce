"""What keeps the portal from starting: settings with which nobody could get in, or messages could not leave safely.
And what an installer hears of from `check --deploy`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning as Caution, register
from django.utils.module_loading import import_string

from mfa import kinds
from mfa.delivery import gateways, mail
from mfa.delivery.gateways import UnknownGateway


@register()
def factors(app_configs: Sequence[AppConfig] | None, **more: Any) -> list[CheckMessage]:
    """Among the kinds is one that can be a person's first, and the one that opens enrolment after a reset."""
    in_use = kinds.registry()
    found: list[CheckMessage] = []
    if not any(kind.signs_in and kind.alone for kind in in_use.values()):
        hint = "Add one that can stand alone, such as totp."
        found.append(Error("MFA_FACTORS names no kind that can be a person's only factor.", hint=hint, id="mfa.E009"))
    if "activation" not in in_use:
        hint = "Add activation to MFA_FACTORS."
        found.append(Error("Without activation codes nobody could enrol after a reset.", hint=hint, id="mfa.E010"))
    return found


@register()
def sms_gateways(app_configs: Sequence[AppConfig] | None, **more: Any) -> list[CheckMessage]:
    """Each gateway that SMS would leave by is known and can work."""
    if "sms" not in settings.MFA_FACTORS:
        return []
    if not settings.SMS_GATEWAYS:
        return [_no_gateway()]
    return [error for name in settings.SMS_GATEWAYS for error in _gateway(name)]


@register()
def risk_check(app_configs: Sequence[AppConfig] | None, **more: Any) -> list[CheckMessage]:
    """The function that is asked about numbers can be called."""
    if not settings.SMS_RISK_CHECK:
        return []
    try:
        known = callable(import_string(settings.SMS_RISK_CHECK))
    except ImportError:
        known = False
    hint = "Give the dotted path of a function: package.module.function."
    return [] if known else [Error("SMS_RISK_CHECK names no function.", hint=hint, id="mfa.E015")]


@register()
def mail_server(app_configs: Sequence[AppConfig] | None, **more: Any) -> list[CheckMessage]:
    """The way out for mail can work, and protects what goes through it."""
    return [
        Error(
            f"{problem}.",
            hint="For example smtp+starttls://user:password@mail.your-organisation.org:587",
            id="mfa.E014",
        )
        for problem in mail.in_use().problems()
    ]


@register(deploy=True)
def proxy(app_configs: Sequence[AppConfig] | None, **more: Any) -> list[CheckMessage]:
    """A proxy stands in front."""
    if settings.TRUSTED_PROXIES or not settings.HTTPS:
        return []
    words = "TRUSTED_PROXIES is empty: the web processes speak no TLS, and behind a proxy everybody has its address."
    hint = "Put a proxy in front, as in deploy/nginx, and name its address, such as TRUSTED_PROXIES=127.0.0.1."
    return [Caution(words, hint=hint, id="mfa.W016")]


def _gateway(name: str) -> list[CheckMessage]:
    try:
        known = gateways.named(name)
    except UnknownGateway:
        hint = "Use inbox, http, kannel or twilio, or add mfa/delivery/gateways/<name>.py with a GATEWAY."
        return [Error(f"SMS_GATEWAYS names {name!r}, which is no gateway.", hint=hint, id="mfa.E012")]
    hint = "Correct the setting, or take the gateway out of SMS_GATEWAYS."
    return [Error(f"SMS gateway {name}: {problem}.", hint=hint, id="mfa.E013") for problem in known.problems()]


def _no_gateway() -> CheckMessage:
    return Error(
        "SMS is among MFA_FACTORS and SMS_GATEWAYS is empty, so no code can leave.",
        hint="Name a gateway, such as SMS_GATEWAYS=kannel, or take sms out of MFA_FACTORS.",
        id="mfa.E011",
    )
