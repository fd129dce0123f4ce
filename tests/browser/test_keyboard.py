"""What the tests by keyboard would say of a page that cannot be used by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser import keyboard

RING = "<style>:focus { outline: 3px solid blue }</style>"


def test_a_control_is_found_by_its_name_and_the_way_back_too(page: Page) -> None:
    page.set_content(f"{RING}<a href='/x'>First</a><label>Name <input></label><button aria-label='Send it'></button>")
    keyboard.tab_to(page, "Send it")
    keyboard.tab_to(page, "First", key="Shift+Tab")
    keyboard.write(page, "Name", "Alice")
    assert page.locator("input").input_value() == "Alice"


@pytest.mark.parametrize("hidden", ["tabindex='-1'", "disabled", "inert", "hidden"])
def test_what_the_tab_key_does_not_reach_is_told(page: Page, hidden: str) -> None:
    page.set_content(f"{RING}<a href='/x'>First</a><button {hidden}>Send it</button>")
    with pytest.raises(AssertionError, match="no way by keyboard to “Send it”"):
        keyboard.tab_to(page, "Send it")


@pytest.mark.parametrize("style", ["outline: none", "position: fixed; left: -500px"])
def test_a_focus_that_nobody_sees_on_the_way_is_told(page: Page, style: str) -> None:
    page.set_content(f"{RING}<a href='/x' style='{style}'>First</a><button>Send it</button>")
    with pytest.raises(AssertionError, match="focus cannot be seen"):
        keyboard.tab_to(page, "Send it")
