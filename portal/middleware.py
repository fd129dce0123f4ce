"""What every request passes first: its id for the logs, the address it really came from, and privacy of its answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts import addresses, trace

GetResponse = Callable[[HttpRequest], HttpResponseBase]
LOGGED_ID = "portal.request_id"
"""Where `portal.logs` finds the id of a request that has left this file again: Django logs refusals last of all."""
ID_FROM_OUTSIDE = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestId:
    """Give each request an id; one that a trusted proxy sent is kept, so that its log and ours meet."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        trusted = is_trusted(request.META.get("REMOTE_ADDR", ""))
        request_id = given if trusted and ID_FROM_OUTSIDE.fullmatch(given) else uuid.uuid4().hex
        request.META[LOGGED_ID] = request_id
        token = trace.request_id.set(request_id)
        try:
            response = self.get_response(request)
            # The interface knows a request of a gateway by the name that FreeRADIUS has for it.
            request.META[LOGGED_ID] = response["X-Request-Id"] = trace.request_id.get()
        finally:
            trace.request_id.reset(token)
        return response


class ClientAddress:
    """Set REMOTE_ADDR and the scheme from the forwarding headers of trusted proxies only; drop those headers otherwise.

    The nearest hop that is not a trusted proxy is the client. An entry that is no address ends the walk: what lies
    behind it was written by the client.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        forwarded = request.META.pop("HTTP_X_FORWARDED_FOR", "")
        scheme = request.META.pop("HTTP_X_FORWARDED_PROTO", "")
        peer = request.META.get("REMOTE_ADDR", "")
        request.META["REMOTE_ADDR"] = addresses.canonical(peer) or peer
        if is_trusted(peer):
            request.META["REMOTE_ADDR"] = client_address(request.META["REMOTE_ADDR"], forwarded)
            request.META["wsgi.url_scheme"] = "https" if scheme == "https" else "http"
        token = trace.address.set(request.META.get("REMOTE_ADDR", ""))
        try:
            return self.get_response(request)
        finally:
            trace.address.reset(token)


class KeepableText:
    """Refuse a request with a NUL in its address, cookies or headers: PostgreSQL keeps none, and every look for such a
    text would be an error of the server. Forms and the API look at their bodies themselves."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        sent = request.META
        quoted = "%00" in sent.get("QUERY_STRING", "") or "\\000" in sent.get("HTTP_COOKIE", "")
        if quoted or any("\0" in value for value in sent.values() if isinstance(value, str)):
            return HttpResponse("Bad request", status=400, content_type="text/plain")
        return self.get_response(request)


class PrivatePages:
    """Pages are nobody's to keep: no shared or local cache stores them, unless a view says otherwise."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponse) and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        return response


def is_trusted(address: str) -> bool:
    """Whether the address is one of TRUSTED_PROXIES; an address that is none is not."""
    parsed = addresses.parsed(address)
    return parsed is not None and any(parsed in network for network in settings.TRUSTED_PROXIES)


def client_address(peer: str, forwarded: str) -> str:
    """The client behind the trusted `peer`, by the value of X-Forwarded-For; at most 20 hops are read."""
    client = peer
    for hop in reversed(forwarded.split(",")[-20:]):
        found = addresses.canonical(hop.strip())
        if not found:
            break
        client = found
        if not is_trusted(client):
            break
    return client
