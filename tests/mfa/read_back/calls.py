"""A number that helpdesk sets once its code was read back: the form, the code, the page that takes it."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

from django.test import Client

from accounts.models import User
from mfa.delivery import outbox
from mfa.models import Delivery
from tests.mfa.test_admin_acts import LIST, act

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)
OLD, NEW, OTHER = "+4917012345678", "+4915112345678", "+4915112345679"


def page(person: User) -> str:
    return f"{LIST}{person.pk}/number/"


def begin(client: Client, person: User, number: str = NEW, **fields: str) -> str:
    """The page that came of asking for a code to be read back."""
    return html.unescape(act(client, "phone", person, number=number, confirmation="with-confirmation", **fields))


def code_in(sent: Delivery) -> str:
    return str(re.findall(r"\b\d{6}\b", outbox.read(sent))[0])


def sent_to(number: str = NEW) -> Delivery:
    return Delivery.objects.filter(template="helpdesk-phone", recipient=number).latest("pk")


def code_to(number: str = NEW) -> str:
    return code_in(sent_to(number))


def read(client: Client, person: User, code: str) -> str:
    """The page that came of typing what was read back."""
    return html.unescape(client.post(page(person), {"code": code}, secure=True, follow=True).content.decode())


def again(client: Client, person: User) -> str:
    """The page that came of asking for a new code."""
    return html.unescape(client.post(page(person), {"again": "yes"}, secure=True, follow=True).content.decode())


def other_than(code: str) -> str:
    return "000000" if code != "000000" else "000001"


def number_of(person: User) -> str:
    return User.objects.values_list("phone", flat=True).get(pk=person.pk)
