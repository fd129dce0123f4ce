"""From a template to a message's text: for one person, or for many with the template rendered only a few times."""

from __future__ import annotations

import re

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from accounts.models import User
from mfa.delivery.writing import plain_context, without_controls

# Private-use characters, which `plain_context` takes out of every value: nobody's name can be a mark.
_MARK = re.compile("\ue000([a-z_]+)\ue001")


def text(template: str, user: User | None, context: dict[str, object]) -> str:
    """The message to one person, None for an address that is nobody's; `template` is a path such as "sms/code.txt"."""
    return _rendered(template, _language(user), plain_context(_shared() | _personal(user) | context))


class Circular:
    """Messages to many people that tell `common` to all and each person's own words to each: a template is rendered
    once for every language and every choice of own words that are empty."""

    def __init__(self, common: dict[str, object]) -> None:
        self._common = plain_context(_shared() | common)
        self._forms: dict[tuple[str, str, frozenset[str]], str] = {}

    def text(self, template: str, user: User, own: dict[str, str]) -> str:
        """As the function `text` with both contexts. A template may ask whether one of `own` is empty, and no more."""
        values = plain_context(_personal(user) | own)
        key = (template, _language(user), frozenset(name for name, value in values.items() if value))
        if key not in self._forms:
            marks = {name: f"\ue000{name}\ue001" if value else "" for name, value in values.items()}
            self._forms[key] = _rendered(template, key[1], self._common | marks)
        return _MARK.sub(lambda mark: str(values[mark[1]]), self._forms[key])


def _rendered(template: str, language: str, context: dict[str, object]) -> str:
    with override(language):
        return without_controls(render_to_string(template, context)).strip()


def _language(user: User | None) -> str:
    return (user.language if user else "") or settings.LANGUAGE_CODE


def _shared() -> dict[str, object]:
    return {
        "portal_name": settings.PORTAL_NAME,
        "portal_url": settings.PUBLIC_URL,
        "portal_host": settings.ALLOWED_HOSTS[0],
        "helpdesk": settings.HELPDESK_CONTACT,
    }


def _personal(user: User | None) -> dict[str, object]:
    return {"person": user.get_full_name(), "username": user.username} if user else {"person": "", "username": ""}
