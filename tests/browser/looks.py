"""What every page must be, whatever it shows: accessible, quiet, still, one column where narrow, usable by keyboard."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from playwright.sync_api import Page

from tests.services.chromium import PageWatch
from tests.services.servers.chromium import DESKTOP, PHONE

Problems = list[str]

WATCH_SHIFTS = """
window.shifts = [];
window.shiftObserver = new PerformanceObserver((list) => window.shifts.push(...list.getEntries()));
window.shiftObserver.observe({type: "layout-shift", buffered: true});
"""
"""Runs before a page's own scripts."""

_LOOKS = Path(__file__).with_name("looks.js").read_text(encoding="utf-8").partition("*/")[2].strip()
_AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def problems_of(page: Page, seen: PageWatch, *, name: str) -> Problems:
    """Everything that is wrong with the page as it stands, wide and narrow, light and dark, in one visit."""
    problems = [*_quiet(page, seen), *shifts(page), *_ask(page, "structure")]
    page.evaluate(_AXE)
    for form, size in (("wide", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a dict of the right keys
        for scheme, only in (("light", None), ("dark", "color-contrast")):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
            found = [*_ask(page, "width"), *_ask(page, "axe", only)]
            problems += [f"{form}, {scheme}: {problem}" for problem in found]
            _keep_picture(page, f"{name}-{form}-{scheme}")
    page.emulate_media(color_scheme="light")
    return problems + _focus(page)


def shifts(page: Page) -> Problems:
    """What moved since the page began to load, while nobody touched it."""
    return _ask(page, "shifts")


def problems_at_this_size(page: Page, seen: PageWatch) -> Problems:
    """What is wrong with the page in the window and scheme that it stands in."""
    page.evaluate(_AXE)
    return [*_quiet(page, seen), *_ask(page, "structure"), *_ask(page, "width"), *_ask(page, "axe")]


def stop(page: Page) -> tuple[str, Problems]:
    """The name of the control that has the focus (empty where none has it), and whether the focus can be seen there."""
    name, problems = page.evaluate(f"() => {_LOOKS}.stop()")
    return name, problems


def _focus(page: Page) -> Problems:
    page.keyboard.press("Tab")
    first = _ask(page, "focus")
    _ask(page, "focusFirstInMain")
    return [*first, *_ask(page, "focus")]


def _ask(page: Page, question: str, given: str | None = None) -> Problems:
    answer: Problems | None = page.evaluate(f"(given) => {_LOOKS}.{question}(given)", given)
    return answer or []


def _quiet(page: Page, seen: PageWatch) -> Problems:
    """Chromium reports the status of a refused form or an error page on the console; that is no noise of the page's."""
    own = [line for line in seen.console if "Failed to load resource" not in line]
    broken = [line for line in seen.responses if "/static/" in line]
    return [*own, *seen.exceptions, *broken, *seen.policy_violations()]


def _keep_picture(page: Page, name: str) -> None:
    """For looking at pages: set PICTURES_TO to a folder."""
    folder = os.environ.get("PICTURES_TO")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
