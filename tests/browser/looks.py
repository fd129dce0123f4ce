"""What every page must be, whatever it shows: accessible, quiet, in one column where it is narrow, usable by keyboard."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from playwright.sync_api import Page

from tests.services.chromium import PageWatch
from tests.services.servers.chromium import DESKTOP, PHONE

Problems = list[str]

_AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_RUN_AXE = """async (only) => {
  const rules = only ? {type: "rule", values: [only]} : undefined;
  const found = await axe.run(document, {resultTypes: ["violations"], runOnly: rules, rules: {"target-size": {enabled: true}}});
  return found.violations.map((rule) => `axe ${rule.id}: ${rule.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""
_READ_STRUCTURE = """() => {
  const problems = [];
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) problems.push(`${headings} h1 headings`);
  if (!document.title.trim() || document.title.trim().startsWith("–")) problems.push(`title is "${document.title}"`);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    const name = [...(field.labels ?? [])].map((label) => label.textContent.trim()).join("") || field.ariaLabel;
    if (!name && !field.getAttribute("aria-labelledby")) problems.push(`no label: ${field.outerHTML.slice(0, 120)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
  if (twice.length) problems.push(`ids used twice: ${twice}`);
  return problems;
}"""
_READ_WIDTH = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const scrolls = (element) => element && element !== document.body && (/auto|scroll|hidden/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const wide = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(element.parentElement));
  return [`scrolls sideways (${root.scrollWidth} > ${root.clientWidth}): ${wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)).join(" | ")}`];
}"""
_READ_FOCUS = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return ["the tab key leads nowhere"];
  const style = getComputedStyle(element);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const box = element.getBoundingClientRect();
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  return ring && inside ? [] : [`focus cannot be seen on ${element.outerHTML.slice(0, 120)}`];
}"""
_FOCUS_FIRST_IN_MAIN = """() => {
  const inside = document.querySelector("main, #main") ?? document.body;
  const all = [...inside.querySelectorAll("a[href], button:not(:disabled), input:not([type=hidden]), select, summary")];
  all.find((element) => element.checkVisibility({visibilityProperty: true}))?.focus();
}"""


def problems_of(page: Page, seen: PageWatch, *, name: str) -> Problems:
    """Everything that is wrong with the page as it stands, wide and narrow, light and dark, in one visit."""
    problems = [*_quiet(page, seen), *page.evaluate(_READ_STRUCTURE)]
    page.evaluate(_AXE)
    for form, size in (("wide", DESKTOP), ("phone", PHONE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a dict of the right keys
        for scheme, only in (("light", None), ("dark", "color-contrast")):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
            found = [*page.evaluate(_READ_WIDTH), *page.evaluate(_RUN_AXE, only)]
            problems += [f"{form}, {scheme}: {problem}" for problem in found]
            _keep_picture(page, f"{name}-{form}-{scheme}")
    page.emulate_media(color_scheme="light")
    return problems + _focus(page)


def _focus(page: Page) -> Problems:
    page.keyboard.press("Tab")
    first = page.evaluate(_READ_FOCUS)
    page.evaluate(_FOCUS_FIRST_IN_MAIN)
    return [*first, *page.evaluate(_READ_FOCUS)]


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
