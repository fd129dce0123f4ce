"""One HTTP request to a provider: verified TLS, bounded time and size, no redirects, errors that say what is known."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from mfa.delivery.gateways.base import GatewayError
from mfa.delivery.traces import Trace

CONNECT_SECONDS = 5
ANSWER_SECONDS = 15
LONGEST_ANSWER = 64_000
BUSY = frozenset({408, 425, 429, 503})
"""Asks to come back later: not taken, and not refused for good."""
FAILED = frozenset({500, 501})
"""The provider itself says that it failed. A proxy's 502 or 504 says nothing about what happened behind it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said: the status (2xx) and the text, cut at LONGEST_ANSWER bytes."""

    status: int
    text: str = field(repr=False)


def post(url: str, body: bytes, headers: Mapping[str, str], trace: Trace) -> Answer:
    """POST once and return the answer where it is 2xx. Raises GatewayError."""
    parts = urlsplit(url)
    connection = _connected(parts, trace)
    said = f"POST {parts.path or '/'} ({len(body)} bytes)"
    try:
        connection.request("POST", parts.path or "/", body, dict(headers))
        response = connection.getresponse()
        answer = Answer(response.status, response.read(LONGEST_ANSWER).decode("utf-8", "replace"))
    except TimeoutError:
        trace.note("request", said, text="no answer in time")
        raise GatewayError("no answer in time", sent_maybe=True) from None
    except (OSError, http.client.HTTPException) as error:
        trace.note("request", said, text="the connection broke")
        raise GatewayError(f"no whole answer ({type(error).__name__})", sent_maybe=True) from None
    finally:
        connection.close()
    trace.note("request", said, code=answer.status, text=answer.text)
    _refuse(answer.status)
    return answer


def address_problem(url: str, name: str, *, own_machine: bool) -> str | None:
    """What is wrong with a provider's address. Outside development it is https and a public name; with `own_machine`
    plain http to this very machine will do too."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        return f"{name} must be an address such as https://sms.your-provider.net/send, without user name or query"
    if settings.DEBUG or (own_machine and is_loopback(host)):
        return None
    if parts.scheme == "http":
        return f"{name} must start with https:// outside development"
    return None if own_machine or _is_public_name(host) else f"{name} must name the provider's host by a public name"


def is_loopback(host: str) -> bool:
    """Whether the host, a name or an address, is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_public_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host.strip(".") and not host.endswith((".local", ".internal", ".localhost"))
    return False


def _connected(parts: SplitResult, trace: Trace) -> http.client.HTTPConnection:
    """An open connection; whatever fails until here, the provider has seen nothing of the message."""
    host = parts.hostname or ""
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, parts.port, timeout=CONNECT_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=CONNECT_SECONDS)
        connection.connect()
    except (OSError, ValueError, http.client.HTTPException) as error:
        trace.note("connect", parts.netloc, text=type(error).__name__)
        raise GatewayError(f"cannot be reached ({type(error).__name__})") from None
    trace.note(
        "connect", parts.netloc, text="connected, certificate trusted" if parts.scheme == "https" else "connected"
    )
    connection.sock.settimeout(ANSWER_SECONDS)
    return connection


def _refuse(status: int) -> None:
    if 200 <= status < 300:
        return
    if status in BUSY or status in FAILED:
        raise GatewayError(f"answered {status}")
    if 300 <= status < 400:
        raise GatewayError(f"answered {status}, a redirect, which is not followed", permanent=True)
    if 400 <= status < 500:
        raise GatewayError(f"refused the message ({status})", permanent=True)
    raise GatewayError(f"answered {status}", sent_maybe=True)
