"""Getting about without a mouse."""

from __future__ import annotations

from playwright.sync_api import Page

_NAME = """() => {
  const element = document.activeElement;
  return [...(element.labels ?? [])].map((label) => label.textContent).join(" ") + " " + element.textContent;
}"""
FURTHEST = 60


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus carries these words in its label or text."""
    for _ in range(FURTHEST):
        page.keyboard.press("Tab")
        if words in page.evaluate(_NAME):
            return
    raise AssertionError(f"no way by keyboard to “{words}” on {page.url}")


def press(page: Page, words: str) -> None:
    tab_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def type_and_send(page: Page, label: str, text: str) -> None:
    tab_to(page, label)
    page.keyboard.type(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")
