"""Getting about without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.looks import Problems, stop

FURTHEST = 120


def tab_to(page: Page, words: str, *, key: str = "Tab") -> None:
    """Go on by Tab (or by Shift+Tab) to the control with these words in its name.

    Fails where no such control can be reached, and where the focus cannot be seen at a stop on the way.
    """
    name, problems = stop(page)
    unseen: Problems = []
    for _ in range(FURTHEST):
        if words in name:
            assert not [*unseen, *problems], [*unseen, *problems]
            return
        page.keyboard.press(key)
        name, problems = stop(page)
        unseen += problems if name else []
    raise AssertionError(f"no way by keyboard to “{words}” on {page.url}")


def press(page: Page, words: str) -> None:
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def type_at_once(page: Page, label: str, text: str) -> None:
    """Type on a page that has just come, whose first field takes the focus by itself."""
    expect(page.get_by_label(label)).to_be_focused()
    page.keyboard.type(text)


def write(page: Page, label: str, text: str) -> None:
    """Write into a field in the place of what is there, or choose in a list by the beginning of a line."""
    tab_to(page, label)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(text)


def type_and_send(page: Page, label: str, text: str) -> None:
    write(page, label, text)
    with page.expect_navigation():
        page.keyboard.press("Enter")
