"""Many messages from few renderings read as if each had been written alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.template import Template
from django.test.signals import template_rendered

from accounts.models import User
from mfa.delivery import rendering

COMMON: dict[str, object] = {"by": "directory", "at": datetime(2026, 3, 2, tzinfo=UTC)}
OWN = {"old": "+49 *** **67", "new": "+49 *** **89", "refuse_url": "https://portal.test/sms/refuse/a/b/"}


@pytest.mark.parametrize("name", ["phone-announced", "phone-changed-for-you"])
@pytest.mark.parametrize("channel", ["mail", "sms"])
@pytest.mark.parametrize("own", [OWN, OWN | {"new": ""}, OWN | {"old": "", "new": ""}])
def test_a_circular_says_to_each_what_a_single_message_would(
    make_user: Callable[..., User], channel: str, name: str, own: dict[str, str]
) -> None:
    people = [
        make_user("plain"), make_user("named", name="Ann \ue000new\ue001 {{ old }} https://evil.test/x"),
        make_user("other", name="<b>Bo\nb</b>"),
    ]  # fmt: skip
    until: dict[str, object] = {"until": datetime(2026, 3, 3, tzinfo=UTC)}
    circular = rendering.Circular(COMMON | until)
    template = f"{channel}/{name}.txt"
    for person in people:
        alone = rendering.text(template, person, {**COMMON, **until, **own})
        assert circular.text(template, person, own) == alone


def test_a_template_is_rendered_once_for_everybody(make_user: Callable[..., User]) -> None:
    circular = rendering.Circular(COMMON)
    rendered: list[str] = []

    def count(template: Template, **more: object) -> None:
        rendered.append(str(template.name))

    template_rendered.connect(count)
    try:
        for number in range(5):
            circular.text("sms/phone-changed-for-you.txt", make_user(f"u{number}"), OWN)
    finally:
        template_rendered.disconnect(count)
    assert rendered.count("sms/phone-changed-for-you.txt") == 1
