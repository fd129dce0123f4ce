"""Every page in every state, looked at once: wide and narrow, light and dark, by eye of axe and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, URLResolver, get_resolver, resolve

from tests.browser.looks import problems_of
from tests.browser.scenes import SCENES, Scene
from tests.browser.stage import Stage

BROKEN = "broken"
"""The state of the one scene that shows an error page."""
WITHOUT_LOOKS = {
    "sign_out", "second_step_send", "prove_send", "prove_alone_send", "test_send", "rest_advice", "sms:resend",
    "sms:present", "email:resend",  # lead on to another page
    "webauthn:sign_in", "webauthn:add_options", "webauthn:sign_in_options",  # the last two for scripts
    "delivery_state", "sms:preview",  # parts of other pages
    "language", "recovery:download", "live", "ready", "jobs", "metrics", "kannel_receipt", "twilio_receipt",  # no pages
}  # fmt: skip


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_page_is_accessible_quiet_and_fits(stage: Stage, scene: Scene) -> None:
    scene.play(stage)
    stage.page.wait_for_load_state()  # a click returns when the next page begins to arrive
    assert view_shown(stage) == scene.view
    assert any(line.startswith("5") for line in stage.seen.responses) is (scene.state == BROKEN)
    problems = problems_of(stage.page, stage.seen, name=str(scene))
    assert not problems, "\n".join(problems)


def test_no_page_of_the_portal_is_left_out() -> None:
    shown = {scene.view for scene in SCENES}
    pages = {name for name in names(get_resolver()) if not name.startswith(("admin:", "api:"))}
    assert pages - shown - WITHOUT_LOOKS == set()


def names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        else:
            yield f"{prefix}{pattern.name}"


def view_shown(stage: Stage) -> str:
    try:
        return resolve(urlsplit(stage.page.url).path).view_name
    except Resolver404:
        return "404"
