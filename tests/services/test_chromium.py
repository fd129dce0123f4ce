"""Chromium opens pages as a desktop, a phone, in the dark, without scripts; axe runs under a strict policy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.services.chromium import PageWatch, axe, watch
from tests.services.http_gateway import HttpGateway

STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; require-trusted-types-for 'script'"
GOOD = "<!doctype html><html lang=en><title>Good</title><main><h1>Good</h1><p>Text</p></main></html>"
BAD = "<!doctype html><html><title>Bad</title><main><h1>Bad</h1><img src=/x.png><input></main></html>"


@pytest.fixture
def serve(http_gateway: HttpGateway) -> Callable[[str], str]:
    def serving(html: str) -> str:
        http_gateway.reset()
        http_gateway.answer(200, html, headers={"Content-Type": "text/html", "Content-Security-Policy": STRICT})
        return http_gateway.url

    return serving


def test_page_is_opened_on_a_desktop(page: Page, serve: Callable[[str], str]) -> None:
    page.goto(serve(GOOD))
    assert page.evaluate("[innerWidth, innerHeight]") == [1440, 900]
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is False


@pytest.mark.window(phone=True, dark=True)
def test_page_is_opened_on_a_phone_in_the_dark(page: Page, serve: Callable[[str], str]) -> None:
    page.goto(serve(GOOD.replace("<title>", "<meta name=viewport content='width=device-width'><title>")))
    assert page.evaluate("[innerWidth, innerHeight]") == [360, 740]
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is True


def test_page_runs_no_script_when_scripts_are_off(open_page: Callable[..., Page], serve: Callable[[str], str]) -> None:
    page = open_page(scripts=False)
    page.goto(serve(GOOD.replace("</main>", "<noscript><p>None</p></noscript></main>")))
    assert page.locator("noscript p").is_visible()  # get_by_text never looks into noscript


@pytest.mark.parametrize("options", [{}, {"phone": True, "dark": True}])
def test_axe_finds_what_is_wrong_under_a_strict_policy(
    open_page: Callable[..., Page], serve: Callable[[str], str], options: dict[str, bool]
) -> None:
    page = open_page(**options)
    seen = watch(page)
    page.goto(serve(GOOD))
    assert axe(page) == []
    assert seen.problems == []
    page.goto(serve(BAD))
    assert {"html-has-lang", "image-alt", "label"} <= {violation.rule for violation in axe(page)}
    assert axe(page, within="h1") == []
    assert "html-has-lang" not in {violation.rule for violation in axe(page, without_rules=("html-has-lang",))}


def test_policy_violations_and_console_errors_are_collected(
    page: Page, page_watch: PageWatch, serve: Callable[[str], str]
) -> None:
    page.goto(serve(GOOD.replace("</main>", "</main><script>alert(1)</script>")))
    assert any("script-src-elem blocked inline" in violation for violation in page_watch.policy_violations())
    with page.expect_console_message(lambda message: message.text == "spilt"):
        page.evaluate("console.error('spilt')")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('torn') })")
    assert "error: spilt" in page_watch.console
    assert any("torn" in exception for exception in page_watch.exceptions)


def test_failed_responses_are_collected(page: Page, page_watch: PageWatch, http_gateway: HttpGateway) -> None:
    http_gateway.reset()
    http_gateway.answer(500, "broken")
    page.goto(http_gateway.url)
    assert f"500 GET {http_gateway.url}" in page_watch.responses


def test_virtual_passkey_can_be_made(page: Page, serve: Callable[[str], str]) -> None:
    page.goto(serve(GOOD).replace("127.0.0.1", "localhost"))
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True}})
    assert made["authenticatorId"]


def test_orm_is_told_to_work_beside_the_event_loop_of_the_browser(page: Page) -> None:
    assert asyncio.get_running_loop().is_running()
    assert os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] == "true"
