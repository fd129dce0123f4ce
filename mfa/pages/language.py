"""In which language the pages speak: the person's own where somebody is signed in, else what this browser chose or asks
for. Messages follow the person alone (`mfa.delivery.rendering`)."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import activate, get_language
from django.views.decorators.http import require_POST

from accounts import users
from accounts.models import User
from mfa.pages import targets

CHOSEN = "chosen_language"
"""Where a session keeps what somebody chose before signing in."""
ADMIN = "/admin/"
"""Not translated: half of each page would be Django's own words in another language."""


class OwnLanguage:
    """The language of whoever is signed in wins over the browser's; the admin speaks the portal's first language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        own = settings.LANGUAGE_CODE if request.path_info.startswith(ADMIN) else _of(request)
        if own:
            activate(own)
            request.LANGUAGE_CODE = own
        return self.get_response(request)


@login_not_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the choice for this browser, and for the person; then back to the page it was made on. A language that is
    not offered changes nothing."""
    response = HttpResponseRedirect(targets.after(request))
    wanted = request.POST.get("language", "")
    if wanted in dict(settings.LANGUAGES):
        _keep(request, wanted)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, wanted, max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE, httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )  # fmt: skip
    return response


def learn(request: HttpRequest, user: User) -> None:
    """Who gave the right password takes along what they chose just before; who has no language yet, that of the page,
    so that messages speak as the pages do."""
    language = request.session.pop(CHOSEN, "") or (not user.language and get_language())
    if language and language != user.language:
        users.set_language(user, language)


def _keep(request: HttpRequest, language: str) -> None:
    if isinstance(request.user, User):
        users.set_language(request.user, language)
    else:
        request.session[CHOSEN] = language


def _of(request: HttpRequest) -> str:
    user = request.user
    return user.language if isinstance(user, User) and user.language in dict(settings.LANGUAGES) else ""
