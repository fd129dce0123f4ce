"""Numbers and countries as the page of their owner says them, in its language."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext, override

from accounts.numbering import Reason
from accounts.phone_rules import rules
from accounts.phones import normalise
from mfa.factors.sms import numbers


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("en", "+491701234567", "+49 170 1234567 · Germany, mobile"),
        ("en", "+12125551234", "+1 212-555-1234 · United States, mobile or landline"),
        ("de", "+491701234567", "+49 170 1234567 · Deutschland, Mobilfunk"),
        ("de-at", "+12125551234", "+1 212-555-1234 · Vereinigte Staaten, Mobilfunk oder Festnetz"),
    ],
)
def test_a_number_is_said_back_in_the_language_of_the_page(language: str, number: str, said: str) -> None:
    with override(language):
        assert numbers.spoken(normalise(number, region=None, rules=rules())) == said


def test_the_picker_names_countries_in_the_language_of_the_page() -> None:
    with override("de"):
        assert ("AT", "Österreich (+43)") in numbers.choices()


@pytest.mark.parametrize("reason", list(Reason))
def test_why_a_number_is_refused_is_said_in_german_too(reason: Reason) -> None:
    with override("de"):
        assert gettext(reason.words) != reason.words
