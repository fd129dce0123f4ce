"""The way in to the API, before sessions, cookies and pages."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.translation import override

from mfa import configured

GetResponse = Callable[[HttpRequest], HttpResponseBase]

logger = logging.getLogger(__name__)


class ApiDoor:
    """The verification API behind nothing but what stands before this: it has no sessions, cookies, pages or messages,
    and each middleware would cost every code its time. Its thread may have shown a page in another language before.
    Only over https where the portal is: a key that came in the clear is compromised."""

    PREFIX = "/api/"

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(self.PREFIX):
            return self.get_response(request)
        if settings.HTTPS and not request.is_secure():
            logger.warning("a request to the interface came without https from %s", request.META.get("REMOTE_ADDR"))
            detail = "Only over https. A key that was sent in the clear must be replaced."
            return JsonResponse({"detail": detail}, status=403)
        match = request.resolver_match = resolve(request.path_info)
        with configured.held(), override(settings.LANGUAGE_CODE):
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response
