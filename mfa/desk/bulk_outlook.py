"""What an act on a whole list would do, judged person by person; nothing is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import QuerySet

from accounts.models import User
from accounts.portions import portions
from mfa import roles
from mfa.desk import acts, reach, vouching
from mfa.desk.acts import Act
from mfa.desk.asked import Order

MOST = 10_000
"""People of one act: as many as are judged in a few seconds, while the page with the preview is awaited."""
PORTION = 1000
SAMPLES = 5


@dataclass(slots=True)
class Reason:
    """Why people are left out, how many, and the first few of them."""

    words: str
    count: int = 0
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Outlook:
    """What an order would do: how many it is about, how many it would be done to, and why the others are left out.
    `digest` names the list to the letter; `takes_two` is whether a second person has to approve it."""

    total: int
    affected: int
    reasons: list[Reason]
    digest: str
    takes_two: bool


def offered(actor: User) -> list[Act]:
    """The acts that the actor may order for whole lists."""
    return [act for act in acts.ALL if act.for_lists and reach.may(actor, act)]


def outlook(act: Act, order: Order, people: QuerySet[User]) -> Outlook:
    """Judges everybody of the list as the act itself would, without doing anything."""
    reasons: dict[str, Reason] = {}
    everybody = list(judged(act, order, people))
    for person, words in everybody:
        if words:
            reason = reasons.setdefault(words, Reason(words))
            reason.count += 1
            reason.names += [person.username] if reason.count <= SAMPLES else []
    found = sorted(reasons.values(), key=lambda one: -one.count)
    left_out = sum(reason.count for reason in found)
    named = digest(person for person, _words in everybody)
    return Outlook(len(everybody), len(everybody) - left_out, found, named, takes_two(act, order, everybody))


def digest(people: Iterable[User]) -> str:
    """Names the list to the letter."""
    return hashlib.sha256(",".join(str(person.pk) for person in people).encode()).hexdigest()


def judged(act: Act, order: Order, people: QuerySet[User]) -> Iterator[tuple[User, str]]:
    """Everybody by their key, with the words of the refusal; empty where there is none."""
    rows = people.select_related("policy").order_by("pk").iterator(chunk_size=PORTION)
    for some in portions(rows, PORTION):
        refused = reach.refusals(act, order, some)
        for person in some:
            yield person, refused.get(person.pk, "")


def takes_two(act: Act, order: Order, found: list[tuple[User, str]]) -> bool:
    """Whether a second person approves it: what takes more than one word for one person does for a list, and so
    does what asks less of many. An admin is enough for ordinary people otherwise, but not to reset several."""
    if act.slug in acts.WEAKENS:
        return True
    if act.slug in vouching.RAISES:
        return vouching.needed(act, order, [one for one, words in found if not words])
    if act.slug not in acts.VOUCHED or not order.actor.has_perm(roles.TOUCH_STAFF):
        return act.slug in acts.VOUCHED
    return act.slug in vouching.RESETS or any(reach.holds_a_role(one) for one, words in found if not words)
