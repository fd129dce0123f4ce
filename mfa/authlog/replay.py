"""What a remember rule would have changed: the log of past days gone through again as if the rule had been there. Pure.

It can only count what the log knows: an account that changed in between would have been asked all the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Verification:
    """One verified factor in the log. `address` is empty where the application was not believed about it."""

    pk: int
    at: datetime
    person: int
    application: str
    gateway: str
    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that nobody made yet. `scope` is address, application or user, as of a RememberRule; `application` and
    `kind` are empty for all."""

    scope: str
    application: str
    kind: str
    seconds: int

    def remembers(self, one: Verification) -> bool:
        """Whether the verification falls under the rule at all."""
        fits = one.application == self.application or not self.application
        return fits and self.kind in ("", one.kind) and (self.scope != "address" or one.address != "")

    def key(self, one: Verification) -> Hashable:
        """What two verifications have in common, of which the second could be spared."""
        if self.scope == "user":
            return one.person
        return (one.person, one.application, one.address if self.scope == "address" else "")


@dataclass(slots=True)
class Effect:
    """Of `prompts` verifications at the applications concerned, `gone` would not have been asked for."""

    prompts: int = 0
    gone: int = 0
    people: set[int] = field(default_factory=set)
    gateways: set[str] = field(default_factory=set)


def narrowest(first: Verification, second: Verification) -> tuple[str, str, str]:
    """Scope, application and kind of the narrowest rule under which the second would not have been asked for."""
    kind = first.kind if first.kind == second.kind else ""
    if first.application != second.application:
        return "user", "", kind
    if first.address and first.address == second.address:
        return "address", first.application, kind
    return "application", first.application, kind


def seconds_for(gap: timedelta) -> int:
    """The least of a few usual lengths that covers the gap between two prompts."""
    wanted = gap.total_seconds()
    return next((length for length in (30, 60, 120, 300, 600, 1800, 3600) if wanted < length), 86_400)


def replay(proposal: Proposal, past: Iterable[Verification]) -> Effect:
    """Go through past verifications, the oldest first. A prompt that is spared renews nothing."""
    effect = Effect()
    until: dict[Hashable, datetime] = {}
    for one in past:
        if proposal.application not in ("", one.application):
            continue
        effect.prompts += 1
        if proposal.scope == "address" and not one.address:
            continue
        key = proposal.key(one)
        if one.at < until.get(key, one.at):
            effect.gone += 1
            effect.people.add(one.person)
            effect.gateways.add(one.gateway or one.application)
        elif proposal.remembers(one):
            until[key] = one.at + timedelta(seconds=proposal.seconds)
    return effect
