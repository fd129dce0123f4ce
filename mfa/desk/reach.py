"""Who may touch whom: the one place that refuses an act on a person, with the reason in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext as _

from accounts import owners, whose
from accounts.models import User
from mfa import activation, holdings, kinds, roles, temporary
from mfa.desk.acts import Act
from mfa.desk.asked import Order
from mfa.models import Factor

BY_WHAT_WORKS = frozenset({"activate", "reset-one"})
BY_WHAT_IS_HELD = frozenset({"end-temporary", "reset-one"})
"""The acts that are pointless by the factors of the person; for others nobody reads them."""
LIVE_CODE = "activation"
"""Among what is held: an activation code that can still be typed."""


def may(actor: User, act: Act) -> bool:
    """Whether the actor's role has the act at all."""
    return actor.is_active and actor.is_staff and actor.has_perm(act.right)


def refusals(act: Act, order: Order, people: Iterable[User]) -> dict[int, str]:
    """Why the act is refused, by the pk of each person it is refused for. People who are not in it may be acted on."""
    people = list(people)
    prefetch_related_objects(people, "groups__permissions", "exemptions")
    factors = holdings.usable_of_many(people, now=order.now) if act.slug in BY_WHAT_WORKS else {}
    held = _held(act, order, people)
    found = {one.pk: why_not(act, order, one, factors.get(one.pk, []), held.get(one.pk, ())) for one in people}
    return {pk: words for pk, words in found.items() if words}


def _held(act: Act, order: Order, people: list[User]) -> dict[int, set[str]]:
    """The kinds of all factors that each of the people has, also of those that do not work; and whether an activation
    code is live."""
    found: dict[int, set[str]] = {}
    if act.slug in BY_WHAT_IS_HELD:
        for pk, kind in Factor.objects.filter(user__in=people).values_list("user_id", "kind"):
            found.setdefault(pk, set()).add(kind)
    if act.slug == "end-activation":
        found = {pk: {LIVE_CODE} for pk in activation.live(people, now=order.now).values_list("user_id", flat=True)}
    return found


def why_not(act: Act, order: Order, person: User, factors: list[Factor], held: Collection[str]) -> str:
    """Why the act is refused for a person with these usable factors, and `held` kinds of any; empty where it is not."""
    return out_of_reach(order.actor, person) or _pointless(act, order, person, factors, held)


def out_of_reach(actor: User, person: User) -> str:
    """Why this person is none of the actor's business, whatever the act; empty where they are."""
    if person.pk == actor.pk:
        return _("You cannot do this to your own account; ask a colleague.")
    if person.is_superuser and not actor.is_superuser:
        return _("Only another superuser, or the break-glass command, may act on a superuser.")
    if holds_a_role(person) and not actor.has_perm(roles.TOUCH_STAFF):
        return _("This person may enter the administration; only an admin may act on the account.")
    return ""


def holds_a_role(person: User) -> bool:
    """Staff, superusers and members of any group that gives a right. Prefetch `groups__permissions` for lists."""
    return person.is_staff or person.is_superuser or any(group.permissions.all() for group in person.groups.all())


def _pointless(act: Act, order: Order, person: User, factors: list[Factor], held: Collection[str]) -> str:
    """Acts that would do nothing, or harm, on this person."""
    match act.slug:
        case "deactivate" | "reactivate" if person.directory_id:
            return _("The directory decides whether this account is active.")
        case "deactivate" if not person.is_active:
            return _("The account is deactivated already.")
        case "reactivate" if person.is_active:
            return _("The account is active.")
        case "activate" | "assign-token" | "phone" | "temporary" if not person.is_active:
            return _("The account is deactivated.")
        case "activate" if any(kinds.kind(factor.kind).in_portal for factor in factors):
            return _("A second factor works; reset it first if it is lost.")
        case "temporary" if not temporary.takers():
            return _("No application takes such a code.")
        case "end-temporary" if temporary.KIND not in held:
            return _("There is no such code.")
        case "end-activation" if LIVE_CODE not in held:
            return _("There is no such code.")
        case "phone" if whose.directory_decides(person):
            return _("The directory decides about this number; change it there.")
        case "phone" if order.number and order.number == person.phone:
            return _("The person has this number already.")
        case "phone" if owners.refuses(person, order.number):
            return _("This number belongs to another account.")
        case "require" if _is_required(person):
            return _("Two-factor sign-in is required already.")
        case "release" | "exempt" if person.is_staff:
            return _("Whoever may enter the administration always needs a second factor.")
        case "end-exemption" if not _is_exempt(person, order.now):
            return _("Nobody exempted this person.")
        case "role" if person.is_superuser:
            return _("A superuser has every right already.")
        case "role" if person.directory_id and order.role in {rule.group for rule in settings.LDAP_GROUPS}:
            return _("A group of the directory decides who has this role; add the person there.")
        case "reset-one" if order.kind and not _has(order.kind, factors, held):
            return _("There is no factor of this kind.")
    return ""


def _is_required(person: User) -> bool:
    """By the person's own policy, which lists select along; whoever has none has no row."""
    return bool(getattr(getattr(person, "policy", None), "required", False))


def _is_exempt(person: User, now: datetime) -> bool:
    return any(one.ended_at is None and one.until > now for one in person.exemptions.all())


def _has(kind: str, factors: list[Factor], held: Collection[str]) -> bool:
    """Whether there is a factor of the kind, be it a disabled one, or one that is only implied."""
    return kind in held or any(factor.kind == kind for factor in factors)
