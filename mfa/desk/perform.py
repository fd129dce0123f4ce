"""Doing an act to a list of people: each in a transaction of its own, refused ones named, nobody half done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import enrolment, limits
from mfa.approvals import NotApproved
from mfa.desk import pace, reach, vouching
from mfa.desk.acts import Act
from mfa.desk.asked import Order
from mfa.outcomes import Refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """`refused` is empty where it was done; `code` is a code to show once, never kept. `stops`: the refusal is about
    the actor, so nobody else can be done either."""

    person: User
    refused: str = ""
    code: str = ""
    stops: bool = False


def perform(act: Act, order: Order, people: list[User]) -> list[Outcome]:
    """What became of each person. Reach is judged again under the lock: roles may have moved since the preview."""
    if len(people) == 1:
        return [act_on(act, order, people[0])]
    refused = reach.refusals(act, order, people)
    affected = [one for one in people if one.pk not in refused]
    vouched = vouching.needed(act, order, affected)
    if vouched:
        try:
            vouching.spend(act, order, affected)
        except NotApproved:
            return [Outcome(one, refused=refused.get(one.pk) or vouching.wanted(act)) for one in people]
    return [act_on(act, order, person, vouched=vouched) for person in people]


@transaction.atomic
def act_on(act: Act, order: Order, person: User, *, vouched: bool = False) -> Outcome:
    """What became of one person; `vouched`: what the act takes besides the actor's word was used up before."""
    person, order = lock(person, order)
    return refused(act, order, person) or do(act, order, person, vouched=vouched)


def lock(person: User, order: Order) -> tuple[User, Order]:
    """Person and actor as they are now, without rights that were cached before, locked until the transaction ends:
    behind the person's counter, as wherever codes are judged."""
    limits.lock(limits.of_account(person))
    for pk in sorted({person.pk, order.actor.pk}):
        enrolment.lock_person(User(pk=pk))
    return User.objects.get(pk=person.pk), replace(order, actor=User.objects.get(pk=order.actor.pk))


def refused(act: Act, order: Order, person: User, *, counted: bool = False) -> Outcome | None:
    """Why the act is not done whatever vouches for it; None where nothing speaks against it. `counted`: towards the
    pace it was already, by the code that it waited for. The caller holds both rows, in a transaction that commits:
    whoever is stopped by the pace is told of."""
    if not reach.may(order.actor, act):
        return Outcome(person, refused=_("You may not do this any more."), stops=True)
    if words := reach.refusals(act, order, [person]).get(person.pk, ""):
        return Outcome(person, refused=words)
    if not counted and (words := pace.stop(act.right, order.actor, now=order.now)):
        return Outcome(person, refused=words, stops=True)
    return None


def do(act: Act, order: Order, person: User, *, vouched: bool = False) -> Outcome:
    """Do what nothing spoke against. The caller holds both rows."""
    try:
        with transaction.atomic():  # what vouches for the act is used up with it, or not at all
            if not vouched and vouching.needed(act, order, [person]):
                vouching.spend(act, order, [person])
            with vouching.carried_on(person, order):
                return Outcome(person, code=act.do(person, order))
    except NotApproved:
        return Outcome(person, refused=vouching.wanted(act))
    except Refused as refusal:  # by the act's own rules, under its own locks, before anything was written
        return Outcome(person, refused=refusal.words)
