"""What the pages tell a person beside the state of a factor: notes, and the links that settle something."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class CardAction:
    """A link on the dashboard card; `danger` ones lead to a page that asks again, `dialog` ones open over the page,
    `beside` ones stand beside what describes the factor."""

    label: str | Promise
    url: str
    danger: bool = False
    dialog: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a kind that the owner should know, and the pages that settle it."""

    tone: str
    title: str
    text: str
    actions: tuple[CardAction, ...] = ()
