"""Which groups of a directory make people members of the portal's groups. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from accounts import places

_NAME = re.compile(r"[\w][\w .@+-]{0,149}")


class Rule(NamedTuple):
    """Members of the directory's group at `dn` belong to the portal's group `group`."""

    group: str
    dn: str


class Membership(NamedTuple):
    """Somebody who enters a group of the portal, or leaves it."""

    user_id: int
    group: str
    entered: bool


class Refusal(NamedTuple):
    """A group whose memberships are left as they are, and why, in one sentence."""

    group: str
    words: str


class Size(NamedTuple):
    """What is judged of a group: how many of the directory's people are in it now, enter it and leave it, how many
    people there are, and whether it gives rights."""

    members: int
    entering: int
    leaving: int
    people: int
    gives_rights: bool


def parse(text: str) -> tuple[Rule, ...]:
    """The rules of "helpdesk: cn=helpdesk,ou=groups,dc=example,dc=org; admin: cn=...", as `places.named` reads it. A
    group may have several places and a place several groups. Raises ValueError in one clause that never holds the text;
    whether a place is one is for others to say."""
    rules = [Rule(group, dn) for group, dn in places.named(text)]
    if not all(_NAME.fullmatch(rule.group) and "=" in rule.dn for rule in rules):
        raise ValueError("must be groups with places, such as helpdesk: cn=helpdesk,ou=groups,dc=example,dc=org")
    if len(set(rules)) < len(rules):
        raise ValueError("names one group with the same place twice")
    return tuple(rules)


def compare(group: str, wanted: set[int], present: set[int]) -> list[Membership]:
    """What has to happen for `present` to become `wanted`, in one order for everybody."""
    entering = [Membership(pk, group, True) for pk in wanted - present]
    return sorted(entering + [Membership(pk, group, False) for pk in present - wanted])
