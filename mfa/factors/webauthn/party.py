"""Who asks for a passkey: the portal, as PUBLIC_URL names it. What a request says of its host is never believed."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

USUAL_PORTS = {"https": 443, "http": 80}


def domain() -> str:
    """The relying party id that passkeys are bound to."""
    return _address().hostname or ""


def origin() -> str:
    """What a browser calls the portal's origin: without the usual port."""
    address = _address()
    port = "" if address.port in (None, USUAL_PORTS[address.scheme]) else f":{address.port}"
    return f"{address.scheme}://{address.hostname}{port}"


def works() -> bool:
    """Whether browsers make passkeys for this address at all: a name, not a number, and https but on this machine."""
    try:
        ipaddress.ip_address(domain())
    except ValueError:
        return _address().scheme == "https" or domain() == "localhost"
    return False


def _address() -> SplitResult:
    return urlsplit(settings.PUBLIC_URL)
