"""What each act from the admin does to one person: a line into the flow that it belongs to, which returns a
code to show once, or an empty text."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import activation, audit, cool_down, enrolment, exemptions, policy, roles, temporary
from mfa.desk.asked import Order
from mfa.tokens import stock


def require(person: User, order: Order) -> str:
    policy.require(
        person, required=True, actor=order.actor, reason=order.reason, starts_on=order.starts_on,
        grace_days=order.grace_days,
    )  # fmt: skip
    return ""


def release(person: User, order: Order) -> str:
    policy.require(person, required=False, actor=order.actor, reason=order.reason)
    return ""


def exempt(person: User, order: Order) -> str:
    last_day = order.until or timezone.localdate(order.now)
    exemptions.grant(person, last_day, actor=order.actor, reason=order.reason, now=order.now)
    return ""


def end_exemption(person: User, order: Order) -> str:
    exemptions.end(person, actor=order.actor, reason=order.reason, now=order.now)
    return ""


def reset(person: User, order: Order) -> str:
    enrolment.reset(person, actor=order.actor, reason=order.reason, now=order.now, kind=order.kind)
    _record_check(person, order)
    return ""


def issue(person: User, order: Order) -> str:
    by = activation.HandOver(order.hand_over)
    issued = activation.issue(person, actor=order.actor, reason=order.reason, now=order.now, by=by, **order.proof)
    return "" if by else issued.code


def withdraw(person: User, order: Order) -> str:
    activation.withdraw(person, actor=order.actor, reason=order.reason, now=order.now)
    return ""


def lend(person: User, order: Order) -> str:
    terms = temporary.Terms(order.hours, order.uses, tuple(order.applications))
    return temporary.issue(person, terms, actor=order.actor, reason=order.reason, now=order.now, **order.proof)


def end_lent(person: User, order: Order) -> str:
    temporary.end(person, actor=order.actor, reason=order.reason)
    return ""


def assign_token(person: User, order: Order) -> str:
    stock.assign(person, order.serial, actor=order.actor, reason=order.reason, now=order.now)
    _record_check(person, order)
    return ""


def set_number(person: User, order: Order) -> str:
    """The receiver of the change audits it, and tells the old number and the mailbox. What waited for a code is
    confirmed."""
    confirmed_at = order.now if order.begun_at else None
    cool_down.start(person, now=order.now)
    users.set_phone(person, order.number, source=PhoneSource.HELPDESK, confirmed_at=confirmed_at, actor=order.actor)
    _record_check(person, order)
    return ""


def unlock(person: User, order: Order) -> str:
    enrolment.unlock(person, actor=order.actor, reason=order.reason, now=order.now)
    if order.proof:
        _record_check(person, order)
    return ""


def end_sessions(person: User, order: Order) -> str:
    users.move_epoch(person)
    audit.record("sessions.ended", user=person, actor=order.actor, reason=order.reason)
    return ""


def give_role(person: User, order: Order) -> str:
    """The one role of a person, or none. Whoever holds an activation code from before would get in by it."""
    before = sorted(person.groups.filter(name__in=roles.RIGHTS).values_list("name", flat=True))
    person.groups.remove(*Group.objects.filter(name__in=roles.RIGHTS))
    if order.role:
        person.groups.add(Group.objects.get(name=order.role))
        activation.withdraw(person, actor=order.actor, reason=order.reason, now=order.now)
    users.set_staff(person, staff=bool(order.role))
    audit.record(
        "role.changed", user=person, actor=order.actor, reason=order.reason, old=", ".join(before), new=order.role
    )
    return ""


def deactivate(person: User, order: Order) -> str:
    users.deactivate_many([person.pk], now=order.now, actor=order.actor)
    audit.record("account.deactivated", user=person, actor=order.actor, reason=order.reason)
    return ""


def reactivate(person: User, order: Order) -> str:
    users.reactivate(person)
    audit.record("account.reactivated", user=person, actor=order.actor, reason=order.reason)
    return ""


def _record_check(person: User, order: Order) -> None:
    audit.record("identity.checked", user=person, actor=order.actor, reason=order.reason, **order.proof)
