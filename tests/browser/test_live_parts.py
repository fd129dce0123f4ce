"""A part of a page that keeps itself up to date takes nothing from whoever is at work on it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from mfa.models import Delivery
from tests.browser import looks
from tests.browser.scenes import desk_deliveries
from tests.browser.stage import Stage


def shown_anew(page: Page) -> None:
    """The part is asked for once more, and what came is on the page."""
    page.locator("[data-poll-content] > *").evaluate("(part) => { part.dataset.old = '' }")
    expect(page.locator("[data-poll-content] > [data-old]")).to_have_count(0)


def test_the_keyboard_stays_where_it_is_when_a_part_is_shown_anew(stage: Stage) -> None:
    desk_deliveries.waits(stage)
    stage.page.locator("main").get_by_role("link", name="ada").focus()
    shown_anew(stage.page)
    assert looks.stop(stage.page) == ("ada", [])


def test_the_keyboard_stays_in_a_part_whose_control_is_gone(stage: Stage) -> None:
    desk_deliveries.waits(stage)
    stage.page.locator("main").get_by_role("link", name="ada").focus()
    Delivery.objects.update(user=None)
    shown_anew(stage.page)
    assert stage.page.evaluate("document.activeElement.matches('[data-poll-content]')")


def test_whoever_stands_elsewhere_is_not_moved(stage: Stage) -> None:
    desk_deliveries.waits(stage)
    shown_anew(stage.page)
    assert stage.page.evaluate("document.activeElement === document.body")
