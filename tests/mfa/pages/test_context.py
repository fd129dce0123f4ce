from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("desk@portal.test", 'Ask <a href="mailto:desk@portal.test">desk@portal.test</a>.'),
        ("extension 4711 <ground floor>", "Ask extension 4711 &lt;ground floor&gt;."),
    ],
)
def test_helpdesk_is_one_press_away_where_its_contact_is_an_address(
    client: Client, settings: Settings, contact: str, shown: str
) -> None:
    settings.HELPDESK_CONTACT = contact
    assert shown in client.get("/sign-in/", secure=True).content.decode()
