"""A person and their factors over some days: what stories of different kinds have in common."""

from __future__ import annotations

from dataclasses import dataclass

import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import policy
from mfa.kinds import Answer
from mfa.models import Delivery
from mfa.verification.service import Attempt, verify
from tests.browser.stories_of_factors.desk import RESET, Desk, Order
from tests.browser.stories_of_factors.walk import Walk
from tests.stories import acting


@dataclass
class Life:
    """The person `user` at the window `walk`; helpdesk at `desk`; the portal's `clock`."""

    user: User
    walk: Walk
    desk: Desk
    clock: time_machine.Traveller

    def wait(self, seconds: int = 30) -> None:
        self.clock.shift(seconds)

    def must_have_one(self, required: bool = True) -> None:
        """The organisation asks for a second factor, or no longer does."""
        policy.require(self.user, required=required, actor=None, reason="story")

    def comes_back(self) -> None:
        """Signs out and gives the password again."""
        self.walk.sign_out(self.user)
        self.walk.give_password(self.user)

    def keeps_the_last(self, action: str, button: str) -> None:
        """Where one must be there, the page of the last factor refuses to remove it."""
        self.must_have_one()
        self.walk.go_home()
        self.walk.removal_is_refused(action, button)
        self.must_have_one(False)

    def opens(self, code: str, way: str) -> bool:
        """Whether password and code let somebody into the portal at another browser; through HTTP, to cost little."""
        browser = Client(headers={"host": "localhost"}, SERVER_NAME="localhost")
        acting.give_password(browser, self.user.username)
        acting.give_code(browser, code, way)
        return browser.get("/", secure=True).status_code == 200

    def opens_the_vpn(self, code: str) -> bool:
        """Whether the application `vpn` lets somebody in with it."""
        return verify(Attempt(self.user, Answer(code), "vpn", "203.0.113.9"), now=timezone.now()).accepted

    def was_told(self, template: str) -> bool:
        """Whether a message of this kind went to the person's mailbox."""
        return Delivery.objects.filter(user=self.user, template=template, recipient=self.user.email).exists()

    def is_reset_by_two(self, order: Order = RESET, done: str = "All second factors were reset.") -> None:
        """An agent and a second person do it, and the person is told."""
        self.desk.do_with_a_second(order, self.user).reads(done)
        assert self.was_told("factors-reset")

    def password_alone_enrols_nothing(self) -> None:
        """After a reset: the password leads to the activation code, whichever page is asked for."""
        self.walk.give_password(self.user)
        self.walk.heading_is("Type your activation code")
        self.walk.open("/totp/add/")
        self.walk.heading_is("Type your activation code")
