"""A person with a keyboard and a window as wide as a phone: where they go, what they type, and what the page says then.

There is no mouse here, and no script that fills in or clicks. Every page they come to is looked at: axe, names, one
column, a quiet console.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from accounts.models import User
from tests.browser import keyboard
from tests.browser.looks import problems_at_this_size
from tests.browser.stage import Stage
from tests.conftest import PASSWORD

Pages = set[tuple[str, str]]
"""Pages by address (one person's is as another's) and by what stands on them."""

_STANDS_THERE = """() => [...document.querySelectorAll("h1, h3, label, [role=alert], .field-error")]
  .map((element) => element.textContent.trim()).join("|")"""


@dataclass
class Walk:
    """One window. `looked_at` are the pages that were looked at already, in whichever story."""

    stage: Stage
    looked_at: Pages

    def open(self, path: str) -> None:
        """Type an address."""
        self.stage.open(path)
        self._arrive()

    def press(self, words: str) -> None:
        """Follow the link, or press the button, with these words; another page comes."""
        keyboard.press(self.stage.page, words)
        self._arrive()

    def press_here(self, words: str) -> None:
        """Press what leads to no other page: a menu, a dialog."""
        keyboard.tab_to(self.stage.page, words)
        self.stage.page.keyboard.press("Enter")

    def tick(self, words: str) -> None:
        """Tick a box, or take its tick away."""
        keyboard.tab_to(self.stage.page, words)
        self.stage.page.keyboard.press("Space")

    def write(self, label: str, text: str) -> None:
        keyboard.write(self.stage.page, label, text)

    def send(self, label: str, text: str) -> None:
        """Write into the last field of a form and send it by Enter."""
        keyboard.type_and_send(self.stage.page, label, text)
        self._arrive()

    def heading_is(self, text: str) -> None:
        self.stage.heading_is(text)

    def reads(self, text: str) -> None:
        self.stage.reads(text)

    def has_no_button(self, name: str) -> None:
        expect(self.stage.page.get_by_role("button", name=name)).to_have_count(0)

    def card(self, label: str) -> Locator:
        """The card of a factor on the first page."""
        heading = self.stage.page.get_by_role("heading", level=3, name=label, exact=True)
        return self.stage.page.get_by_role("article").filter(has=heading)

    def has_cards(self, label: str, count: int) -> None:
        expect(self.card(label)).to_have_count(count)

    def can_do(self, label: str, *acts: str) -> None:
        """The card of a factor offers exactly these."""
        expect(self.card(label).get_by_role("link")).to_have_text([re.compile(f"^{re.escape(act)} – ") for act in acts])

    def give_password(self, user: User) -> None:
        self.open("/sign-in/")
        self.write("User name", user.username)
        self.send("Password", PASSWORD)

    def sign_out(self, user: User) -> None:
        self.press_here(user.username)
        self.press("Sign out")
        self.reads("You are signed out.")

    def go_home(self) -> None:
        self.open("/")
        self.heading_is("Your second factors")

    def puts_recovery_codes_off(self) -> None:
        """The first factor leads on to them."""
        self.heading_is("Make recovery codes")
        self.press("Later")

    def removal_is_refused(self, action: str, button: str) -> None:
        """The page of the last factor says why it stays, has no such button, and a way back."""
        self.press(action)
        self.reads("This is your last second factor")
        self.has_no_button(button)
        self.press("Back without a change")

    def look(self) -> None:
        """Look at the page as it stands."""
        problems = problems_at_this_size(self.stage.page, self.stage.seen)
        assert not problems, "\n".join([self.stage.page.url, *problems])

    def _arrive(self) -> None:
        page = self.stage.page
        address = re.sub(r"\d+", "0", page.url.partition("?")[0].removeprefix(self.stage.url))
        seen = (address, page.evaluate(_STANDS_THERE))
        if seen not in self.looked_at:
            self.looked_at.add(seen)
            self.look()
