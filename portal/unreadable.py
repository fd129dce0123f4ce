"""The answer to a request that could not be read, and to one that was too long to be."""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """413 with what to do instead where more was sent than a form may hold, else 400; neither says more."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", {"back_url": request.path}, status=413)
    return render(request, "400.html", status=400)
