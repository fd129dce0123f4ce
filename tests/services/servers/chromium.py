"""Debian's Chromium, driven by Playwright, and what the tests ask of a page: accessibility and a quiet console."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Response, sync_playwright

from tests.services.servers.processes import find_program

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}

# Runs before every script of a page, so that no violation is missed.
_WATCH_POLICY = """
window.policyViolations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  const what = `${event.effectiveDirective} blocked ${event.blockedURI || "inline"}`;
  window.policyViolations.push(`${what} at line ${event.lineNumber}`);
});
"""


@contextlib.contextmanager
def chromium_browser() -> Iterator[Browser]:
    """A headless Chromium; MissingProgram when it is not installed."""
    program = find_program("chromium-headless-shell", "chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def open_context(
    browser: Browser, *, phone: bool = False, dark: bool = False, scripts: bool = True, **options: Any
) -> BrowserContext:
    """A private window: 1440x900, or a touch phone of 360x740; dark colour scheme; without JavaScript; more `options`.

    Certificates are not checked and animations are reduced, so that pages stand still.
    """
    settings: dict[str, Any] = {
        "viewport": PHONE if phone else DESKTOP,
        "has_touch": phone,
        "is_mobile": phone,
        "color_scheme": "dark" if dark else "light",
        "java_script_enabled": scripts,
        "reduced_motion": "reduce",
        "locale": "en-GB",
        "ignore_https_errors": True,
        **options,
    }
    context = browser.new_context(**settings)
    context.set_default_timeout(30_000)
    context.add_init_script(_WATCH_POLICY)
    return context


@dataclass
class PageWatch:
    """What went wrong on a page since `watch`: console errors and warnings, uncaught exceptions, failed responses."""

    page: Page
    console: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Everything at once, violations of the Content Security Policy on the present document included."""
        return [*self.console, *self.exceptions, *self.policy_violations()]

    def policy_violations(self) -> list[str]:
        """Those of the document that is open; those of earlier ones are in `console`, where Chromium writes each."""
        return list(self.page.evaluate("window.policyViolations || []"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console.append(f"{message.type}: {message.text}")

    def _on_exception(self, error: Error) -> None:
        self.exceptions.append(f"uncaught: {error}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.responses.append(f"{response.status} {response.request.method} {response.url}")


def watch(page: Page) -> PageWatch:
    """Collect the page's problems from now on; call it before the first `goto`."""
    watching = PageWatch(page)
    page.on("console", watching._on_console)
    page.on("pageerror", watching._on_exception)
    page.on("response", watching._on_response)
    return watching


@dataclass(frozen=True)
class Violation:
    """One rule of axe-core that a page breaks, with the elements that break it."""

    rule: str
    impact: str
    help: str
    elements: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): {self.help}: {'; '.join(self.elements)}"


def axe(page: Page, *, within: str | None = None, without_rules: tuple[str, ...] = ()) -> list[Violation]:
    """Run axe-core on the page as it is now, or on the element that `within` selects; works under a strict CSP.

    The script enters through the debugger, as `evaluate` does, which the page's policy does not govern; nothing is
    added to the document. A context without JavaScript runs no axe.
    """
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    rules = {rule: {"enabled": False} for rule in without_rules}
    result = page.evaluate(
        "([within, rules]) => axe.run(within || document, {resultTypes: ['violations'], rules})", [within, rules]
    )
    return [
        Violation(
            rule=found["id"],
            impact=found["impact"] or "",
            help=found["help"],
            elements=tuple(node["html"][:200] for node in found["nodes"]),
        )
        for found in result["violations"]
    ]
