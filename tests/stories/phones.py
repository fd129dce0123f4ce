"""A phone in a story: what the mobile network and the mail server really delivered, after workers did their round."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from mfa.delivery import claims, hand_over
from tests.mfa.factors.phones import code_in, link_in
from tests.services.kannel import Kannel
from tests.services.smtp import Smtp


def workers_do_their_round() -> None:
    """Every due message is tried once, as the workers do."""
    for pk in list(claims.waiting(now=timezone.now()).values_list("pk", flat=True)):
        hand_over.attempt(pk, clock=timezone.now)


@dataclass
class Phone:
    """The phone with this number."""

    number: str
    kannel: Kannel

    def code(self, *, nth: int = 1) -> str:
        return code_in(self.text(nth=nth))

    def link(self, *, nth: int = 1) -> str:
        return link_in(self.text(nth=nth))

    def text(self, *, nth: int = 1) -> str:
        workers_do_their_round()
        return self.kannel.wait_for(self.number, count=nth).text


@dataclass
class Mailbox:
    address: str
    smtp: Smtp

    def link(self) -> str:
        """The undo link of the one mail that has one."""
        workers_do_their_round()
        (found,) = [
            mail.text for mail in self.smtp.messages if self.address in mail.recipients and "/undo/" in mail.text
        ]
        return link_in(found)
