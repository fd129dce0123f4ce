"""Every page in every state, looked at once: wide and narrow, light and dark, by eye of axe and by keyboard."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests.browser.looks import problems_of
from tests.browser.scenes import SCENES, Scene
from tests.browser.stage import Stage


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_page_is_accessible_quiet_and_fits(stage: Stage, scene: Scene) -> None:
    scene.play(stage)
    assert view_shown(stage) == scene.view
    problems = problems_of(stage.page, stage.seen, name=str(scene))
    assert not problems, "\n".join(problems)


def view_shown(stage: Stage) -> str:
    try:
        return resolve(urlsplit(stage.page.url).path).view_name
    except Resolver404:
        return "404"
