"""The rules for telephone numbers that the settings give, for pages and for the directory alike."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext

from accounts.phones import Rules, Unusable


def rules() -> Rules:
    """What is accepted, by the settings as they are now."""
    return Rules(
        default_region=settings.PHONE_DEFAULT_REGION or None,
        countries=settings.PHONE_COUNTRIES,
        allow_landline=settings.PHONE_ALLOW_LANDLINE,
        strict=settings.PHONE_STRICT,
        places=settings.PHONE_REGIONS_BY_OU,
    )


def refusal(refused: Unusable) -> str:
    """The reason in words, with the number that was meant where that is clear."""
    if not refused.suggestion:
        return gettext(refused.reason.words)
    return gettext("%(reason)s Did you mean %(number)s?") % {
        "reason": gettext(refused.reason.words),
        "number": refused.suggestion,
    }
