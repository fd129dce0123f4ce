"""Numbers and addresses as far as a role may see them."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest

from accounts import phones
from accounts.models import User
from mfa import roles
from mfa.delivery.writing import masked_address

ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
NUMBER = re.compile(r"\+?\d[\d ]{6,}\d")
DIGITS_BUT_LAST_TWO = re.compile(r"\d(?=(?:\D*\d){2})")


def sees_all(request: HttpRequest) -> bool:
    """Whether the role of the one who looks may see numbers and recipients whole."""
    return isinstance(request.user, User) and request.user.has_perm(roles.SEE_PHONES)


def phone(e164: str, whole: bool) -> str:
    """A number in E.164; nothing of an empty one."""
    return e164 if whole else phones.mask(e164)


def recipient(text: str, whole: bool) -> str:
    """A number or a mail address: of an address the first letter and the domain remain."""
    if whole or not text:
        return text
    return masked_address(text) or phones.mask(text)


def raw(text: str, whole: bool) -> str:
    """A value that was not understood: every digit but the last two hidden."""
    return text if whole else DIGITS_BUT_LAST_TWO.sub("*", text)


def in_text(text: str, whole: bool) -> str:
    """Words of a server, which may quote addresses and numbers."""
    if whole:
        return text
    hidden = ADDRESS.sub(lambda found: masked_address(found[0]), text)
    return NUMBER.sub(lambda found: raw(found[0], whole=False), hidden)


def columns(values: dict[str, Any], whole: bool) -> dict[str, Any]:
    """Changed columns of a person; those with a number masked."""
    return {name: phone(value, whole) if _is_number(name, value) else value for name, value in values.items()}


def _is_number(column: str, value: object) -> bool:
    return column in ("phone", "phone_next", "directory_phone") and isinstance(value, str)
