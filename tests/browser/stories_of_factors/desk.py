"""Helpdesk in the administration, by keyboard and at a phone's width too: one agent's word is never enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.urls import reverse

from accounts.models import User
from mfa.models import Approval
from tests.browser.stage import Stage, code_in, give_app, latest_message, person
from tests.browser.stories_of_factors.walk import Pages, Walk
from tests.mfa.doors import give_role

CALLED_BACK, READ_BACK = "Called back", "Caller check"


@dataclass(frozen=True, slots=True)
class Order:
    """What helpdesk is to do: the words on its button, and what is chosen on its page besides the reason."""

    act: str
    which: str = ""
    where: str = ""


RESET = Order("Reset all factors")
ACTIVATE = Order("Issue an activation code")


@dataclass
class Desk:
    """`open_stage` gives each colleague a window; `looked_at` as in a walk."""

    open_stage: Callable[..., Stage]
    looked_at: Pages
    windows: dict[str, Walk] = field(default_factory=dict)

    def colleague(self, name: str = "hanna") -> Walk:
        """Somebody of helpdesk, signed in."""
        if name not in self.windows:
            agent = person(name, name=name.title())
            give_app(agent)
            self.windows[name] = Walk(self.open_stage(phone=True), self.looked_at)
            self.windows[name].stage.let_in(give_role(agent, "helpdesk"))
        return self.windows[name]

    def do(self, order: Order, user: User, *, identity: str = CALLED_BACK) -> Walk:
        """What one agent may do alone. Returns the window, on what came of it."""
        agent = self._begin(order, user)
        self._send(agent, order.act, order, identity)
        return agent

    def do_after_a_caller_check(self, order: Order, caller: User, to: str, recipient: str) -> Walk:
        """The caller reads back the code that went to what they still have."""
        agent = self._begin(order, caller)
        agent.press("Check the caller")
        agent.press(f"Send a code: {to}")
        agent.send("Code that the caller reads back", code_in(latest_message(recipient)))
        agent.reads("The caller read back the code.")
        agent.press(order.act)
        self._send(agent, order.act, order, READ_BACK)
        return agent

    def do_with_a_second(self, order: Order, user: User) -> Walk:
        """Somebody else approves exactly this; then the agent does it."""
        second = self.colleague("henry")
        agent = self._begin(order, user)
        self._send(agent, "Ask a second person", order, CALLED_BACK)
        agent.reads("Somebody else has to decide.")
        second.open(reverse("admin:mfa_approval_change", args=[Approval.objects.latest("pk").pk]))
        second.press("Approve")
        agent.stage.page.reload()
        agent.press("Go on")  # which brings along what was chosen
        self._send(agent, order.act, Order(order.act), CALLED_BACK)
        return agent

    def _begin(self, order: Order, user: User) -> Walk:
        agent = self.colleague()
        agent.open(reverse("admin:accounts_user_change", args=[user.pk]))
        agent.press(order.act)
        return agent

    def _send(self, agent: Walk, button: str, order: Order, identity: str) -> None:
        if order.which:
            agent.write("Which factor", order.which)
        if order.where:
            agent.tick(order.where)
        if identity:
            agent.write("How did the person prove who they are?", identity)
            agent.write("Ticket", "INC-7")
        agent.write("Reason", "lost it on the way to work")
        agent.press(button)
