"""What an address of the internet is called, and who counts as one source. Pure.

An IPv4 address in IPv6 clothes is the IPv4 one: a server that listens on both sees the same people as it. A zone
(`fe80::1%eth0`) is a name that the sender chose, and belongs to no address that is compared or kept.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SITE = 64
"""Bits of an IPv6 address that a site keeps; the rest changes daily where devices hide themselves (RFC 8981)."""
LAST_PORT = 65_535

_ENDPOINT = re.compile(r"(?:([0-9.]+)|\[([0-9A-Fa-f:.]+)\]):([0-9]{1,5})")


@lru_cache(maxsize=1024)
def parsed(text: str) -> Address | None:
    """The address, or None for what is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return found
    return None if found.scope_id else found.ipv4_mapped or found


def canonical(text: str) -> str:
    """One spelling for each address, of at most 39 characters; empty for what is none."""
    found = parsed(text)
    return str(found) if found else ""


def of_endpoint(text: str) -> str:
    """`canonical` of an address that may have a port behind it, as gateways write it: `192.0.2.7:51234`, and one of
    IPv6 in brackets (RFC 3986 3.2.2). Without those nobody can tell a port from a group: `::1:443` is an address."""
    found = _ENDPOINT.fullmatch(text)
    if found is None:
        return canonical(text)
    ipv4, ipv6, port = found.groups()
    fits = int(port) <= LAST_PORT and (ipv4 or ":" in ipv6)
    return canonical(ipv4 or ipv6) if fits else ""


def source(text: str) -> str:
    """What counts as one source of guesses: an IPv4 address, an IPv6 /64; empty for what is no address."""
    found = parsed(text)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, SITE), strict=False))
    return str(found) if found else ""
