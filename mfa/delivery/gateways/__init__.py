"""SMS gateways. `SMS_GATEWAYS` names them in the order of use; each is `mfa.delivery.gateways.<name>.GATEWAY`."""

from __future__ import annotations

import re
from importlib import import_module

from django.conf import settings

from mfa.delivery.gateways.base import Gateway


class UnknownGateway(LookupError):
    """No module of that name brings a gateway."""


def named(name: str) -> Gateway:
    """The gateway. Raises UnknownGateway."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UnknownGateway(name)
    module = f"{__name__}.{name}"
    try:
        gateway = getattr(import_module(module), "GATEWAY", None)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise UnknownGateway(name) from None
    if not isinstance(gateway, Gateway):
        raise UnknownGateway(name)
    return gateway


def in_use() -> list[Gateway]:
    """The gateways that SMS leave by, the preferred one first. Raises UnknownGateway."""
    return [named(name) for name in settings.SMS_GATEWAYS]
