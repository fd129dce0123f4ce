"""What helpdesk cannot do alone: the caller read back a code, or a second person approved exactly this."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from accounts.models import User
from accounts.phones import mask
from mfa import approvals, asked_less, holdings, roles
from mfa.desk import reach
from mfa.desk.acts import VOUCHED, WEAKENS, Act
from mfa.desk.asked import Order
from mfa.models import AuditEvent, Factor
from mfa.verification import callers

RESETS = frozenset({"reset", "reset-one"})
FIRST = frozenset({"activate", "assign-token"})
REVIVES = frozenset({"unlock"})
HAD_ONE = ("factor.added", "factor.removed", "factors.reset", "token.assigned", "phone.changed", "phone.confirmed")
RAISES = frozenset({"role", "reactivate"})
"""What can make somebody one who approves: else one admin alone would make the second one."""


def needed(act: Act, order: Order, people: list[User]) -> bool:
    """Whether the agent alone is not enough. An admin is, for one ordinary person; anybody with the right is, for
    people who never had a factor: there is nothing to take over yet but what the first set-up gives. So is anybody who
    only ends a delay by unlocking; a factor that guesses disabled would be open to as many again. Whoever asks less of
    people does so alone for a few of them. Rights to do more than look are given to nobody by one admin alone."""
    if act.slug in RAISES:
        return any(_gains(act, order, one) for one in people)
    if act.slug in WEAKENS:
        return asked_less.too_many(order.actor, [one.pk for one in people], now=order.now)
    if act.slug not in VOUCHED or not people:
        return False
    if act.slug in REVIVES:
        return not order.actor.has_perm(roles.TOUCH_STAFF) and _is_one_disabled(people)
    if order.actor.has_perm(roles.TOUCH_STAFF):
        return any(reach.holds_a_role(one) for one in people) or (len(people) > 1 and act.slug in RESETS)
    return act.slug not in FIRST or _had_a_factor(people, order.now)


def _gains(act: Act, order: Order, person: User) -> bool:
    """Whether the person could do more by it than look, and more than now."""
    held = {one.codename for group in person.groups.all() for one in group.permissions.all()}
    if act.slug == "reactivate":
        return person.is_superuser or bool(_beyond_looking(held))
    given = _beyond_looking(right.partition(".")[2] for right in roles.RIGHTS.get(order.role, ()))
    return bool(given - held if person.is_staff else given)


def _beyond_looking(codenames: Iterable[str]) -> set[str]:
    return {one for one in codenames if not one.startswith("view_")}


def _is_one_disabled(people: list[User]) -> bool:
    return Factor.objects.filter(user__in=people, confirmed=True, disabled_at__isnull=False).exists()


def _had_a_factor(people: list[User], now: datetime) -> bool:
    """Or has one that no row says, such as a number of the directory."""
    return (
        Factor.objects.filter(user__in=people).exists()
        or AuditEvent.objects.filter(user__in=people, action__in=HAD_ONE).exists()
        or any(holdings.usable_of_many(people, now=now).values())
    )


def checked(act: Act, order: Order, people: list[User]) -> bool:
    """Whether a caller check stands for the act; it is about one person, and says nothing of the actor."""
    if act.slug not in VOUCHED or len(people) != 1:
        return False
    return callers.passed(people[0], act.slug, actor=order.actor, now=order.checked_at) is not None


def approved(act: Act, order: Order, people: list[User]) -> bool:
    """Whether something that the actor asked for by this act is approved and not done yet; whether it is exactly this
    is judged when it is done."""
    about = people[0].pk if len(people) == 1 else None
    return approvals.approved(order.actor, now=order.now).filter(act=act.slug, user=about).exists()


def matter(act: Act, order: Order, people: list[User]) -> approvals.Matter:
    """Exactly this act with these answers on these people. Staff are decided about by who may act on staff."""
    pks = sorted(one.pk for one in people)
    answers: dict[str, object] = {
        "kind": order.kind, "serial": order.serial, "hours": order.hours, "uses": order.uses,
        "applications": sorted(order.applications), "hand_over": order.hand_over, "confirmation": order.confirmation,
        "role": _back_in(people) if act.slug == "reactivate" else order.role,
        "until": order.until.isoformat() if order.until else "",
    }  # fmt: skip
    given = {name: value for name, value in answers.items() if value}
    exactly = given | ({"number": order.number} if order.number else {})
    digest = hashlib.sha256(json.dumps([act.slug, pks, exactly]).encode()).hexdigest()
    query = urlencode({"people": ",".join(map(str, pks)), **given}, doseq=True)
    told = given | ({"number": mask(order.number)} if order.number else {})  # in an address it is not at all
    staff = frozenset(one.pk for one in people if reach.holds_a_role(one))
    return approvals.Matter(
        act.slug, digest, _words(act, people, told), reverse("admin:accounts_user_act", args=[act.slug]) + "?" + query,
        roles.TOUCH_STAFF if staff else act.right, people[0] if len(people) == 1 else None,
        staff,
    )  # fmt: skip


def _words(act: Act, people: list[User], given: dict[str, object]) -> str:
    names = ", ".join(one.username for one in people)
    count = ngettext("%(count)d person", "%(count)d people", len(people)) % {"count": len(people)}
    details = "; ".join(", ".join(value) if isinstance(value, list) else str(value) for value in given.values())
    return f"{act.label}{f' ({details})' if details else ''}: {count}: {names}"


def stands(act: Act, order: Order, people: list[User]) -> bool:
    """Whether `spend` would find something for exactly this. Nothing is used up."""
    if checked(act, order, people):
        return True
    return approvals.stands(matter(act, order, people), actor=order.actor, now=order.now)


def _back_in(people: list[User]) -> str:
    """The groups in which somebody is again who is reactivated."""
    return ", ".join(sorted({group.name for one in people for group in one.groups.all()}))


def spend(act: Act, order: Order, people: list[User]) -> None:
    """Use up what stands for the act: a caller check, else an approval. Raises approvals.NotApproved. Joins the
    caller's transaction."""
    single = act.slug in VOUCHED and len(people) == 1
    if single and callers.use(people[0], act.slug, actor=order.actor, now=order.checked_at):
        return
    approvals.spend(matter(act, order, people), actor=order.actor, now=order.now)


def wanted(act: Act) -> str:
    """What is said where nobody vouches for the act."""
    if act.slug in WEAKENS:
        return _("That is more than %(few)d people in 24 hours: have a second admin approve it first.") % {
            "few": asked_less.FEW
        }
    if act.slug in RAISES:
        return _("That gives rights to act on others: have a second admin approve exactly this first.")
    return _("Check the caller, or have a second person approve it first.")


@contextmanager
def carried_on(person: User, order: Order) -> Iterator[None]:
    """The agent's caller check outlives what the agent does to the person in here: a reset, and then the code for the
    new factor. The caller holds the person's row."""
    check = callers.standing(person, actor=order.actor, now=order.now)
    yield
    if check:
        callers.carry_on(check, person)
