"""What can be done to people from the admin, each act with its right, its words and its one line of doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import users
from accounts.models import PhoneSource, User
from mfa import activation, audit, cool_down, enrolment, exemptions, policy, roles, temporary
from mfa.desk.asked import Order
from mfa.tokens import stock


@dataclass(frozen=True, slots=True)
class Act:
    """`asks` names the fields of the form beside the reason. `do` returns a code to show once, or an empty text. A
    `single` act is about one person at a time; one that `locks_out` closes all but enrolment to whoever has no
    factor."""

    slug: str
    label: str | Promise
    explained: str | Promise
    done: str | Promise
    right: str
    do: Callable[[User, Order], str]
    asks: tuple[str, ...] = ()
    danger: bool = False
    single: bool = False
    locks_out: bool = False

    @property
    def for_lists(self) -> bool:
        """Whether it can be done to a whole list: what shows a code or names a thing is for people at hand."""
        return not self.single and not {"hand_over", "applications", "serial"} & set(self.asks)


def _require(person: User, order: Order) -> str:
    policy.require(
        person, required=True, actor=order.actor, reason=order.reason, starts_on=order.starts_on,
        grace_days=order.grace_days,
    )  # fmt: skip
    return ""


def _release(person: User, order: Order) -> str:
    policy.require(person, required=False, actor=order.actor, reason=order.reason)
    return ""


def _exempt(person: User, order: Order) -> str:
    last_day = order.until or timezone.localdate(order.now)
    exemptions.grant(person, last_day, actor=order.actor, reason=order.reason, now=order.now)
    return ""


def _end_exemption(person: User, order: Order) -> str:
    exemptions.end(person, actor=order.actor, reason=order.reason, now=order.now)
    return ""


def _reset(person: User, order: Order) -> str:
    enrolment.reset(person, actor=order.actor, reason=order.reason, now=order.now, kind=order.kind)
    audit.record("identity.checked", user=person, actor=order.actor, reason=order.reason, **order.proof)
    return ""


def _issue(person: User, order: Order) -> str:
    by = activation.HandOver(order.hand_over)
    issued = activation.issue(person, actor=order.actor, reason=order.reason, now=order.now, by=by, **order.proof)
    return "" if by else issued.code


def _withdraw(person: User, order: Order) -> str:
    activation.withdraw(person, actor=order.actor, reason=order.reason, now=order.now)
    return ""


def _lend(person: User, order: Order) -> str:
    terms = temporary.Terms(order.hours, order.uses, tuple(order.applications))
    return temporary.issue(person, terms, actor=order.actor, reason=order.reason, now=order.now, **order.proof)


def _end_lent(person: User, order: Order) -> str:
    temporary.end(person, actor=order.actor, reason=order.reason)
    return ""


def _assign_token(person: User, order: Order) -> str:
    stock.assign(person, order.serial, actor=order.actor, reason=order.reason, now=order.now)
    audit.record("identity.checked", user=person, actor=order.actor, reason=order.reason, **order.proof)
    return ""


def _set_number(person: User, order: Order) -> str:
    """The receiver of the change audits it, and tells the old number and the mailbox. What waited for a code is
    confirmed."""
    confirmed_at = order.now if order.begun_at else None
    cool_down.start(person, now=order.now)
    users.set_phone(person, order.number, source=PhoneSource.HELPDESK, confirmed_at=confirmed_at, actor=order.actor)
    audit.record("identity.checked", user=person, actor=order.actor, reason=order.reason, **order.proof)
    return ""


def _unlock(person: User, order: Order) -> str:
    enrolment.unlock(person, actor=order.actor, reason=order.reason, now=order.now)
    if order.proof:
        audit.record("identity.checked", user=person, actor=order.actor, reason=order.reason, **order.proof)
    return ""


def _end_sessions(person: User, order: Order) -> str:
    users.move_epoch(person)
    audit.record("sessions.ended", user=person, actor=order.actor, reason=order.reason)
    return ""


def _give_role(person: User, order: Order) -> str:
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


def _deactivate(person: User, order: Order) -> str:
    users.deactivate_many([person.pk], now=order.now, actor=order.actor)
    audit.record("account.deactivated", user=person, actor=order.actor, reason=order.reason)
    return ""


def _reactivate(person: User, order: Order) -> str:
    users.reactivate(person)
    audit.record("account.reactivated", user=person, actor=order.actor, reason=order.reason)
    return ""


ALL = (
    Act(
        "reset", _("Reset all factors"),
        _(
            "All second factors are removed and all sessions end. A new factor can then be set up with an activation "
            "code only. The person is told."
        ),
        _("All second factors were reset."), roles.RESET_FACTORS, _reset, ("identity", "ticket"), danger=True,
    ),
    Act(
        "reset-one", _("Reset one factor"),
        _("The factors of one kind are removed and all sessions end. The person is told."),
        _("The factor was reset."), roles.RESET_FACTORS, _reset, ("kind", "identity", "ticket"), danger=True,
    ),
    Act(
        "activate", _("Issue an activation code"),
        _(
            "A new code, shown once on the next page, or sent where the person has confirmed an address. It works once "
            "and for 24 hours, by SMS for 10 minutes; an older one ends."
        ),
        _("An activation code was issued."), roles.ISSUE_ACTIVATION, _issue,
        ("hand_over", "identity", "ticket"),
    ),
    Act(
        "end-activation", _("Withdraw the activation code"),
        _("It opens nothing any more, at once. The next factor still takes a new one."),
        _("The activation code was withdrawn."), roles.ISSUE_ACTIVATION, _withdraw,
    ),
    Act(
        "temporary", _("Give a temporary access code"),
        _(
            "A code, shown once on the next page, that stands in for the second factor at the applications you choose. "
            "It signs nobody in to this portal, and ends when a new factor is set up. The person is told."
        ),
        _("A temporary access code was made."), roles.ISSUE_ACTIVATION, _lend,
        ("applications", "hours", "uses", "identity", "ticket"),
    ),
    Act(
        "end-temporary", _("End the temporary access code"),
        _("It works nowhere any more, at once."),
        _("The temporary access code has ended."), roles.ISSUE_ACTIVATION, _end_lent,
    ),
    Act(
        "assign-token", _("Assign a hardware token"),
        _(
            "A token from stock becomes the person's second factor at once, without a code. Hand it over yourself. The "
            "person is told."
        ),
        _("The token was assigned."), roles.ASSIGN_TOKENS, _assign_token, ("serial", "identity", "ticket"),
    ),
    Act(
        "phone", _("Set the phone number"),
        _(
            "Codes by SMS go to this number from then on, and all sessions of the person end. The old number and the "
            "mailbox are told."
        ),
        _("The phone number was set. It is not confirmed."), roles.RESET_FACTORS, _set_number,
        ("number", "confirmation", "identity", "ticket"), single=True,
    ),
    Act(
        "unlock", _("Unlock"),
        _(
            "All wrong codes are forgotten and factors that too many of them disabled work again; where there is "
            "such a factor, somebody has to vouch for it. The person is told."
        ),
        _("The account was unlocked."), roles.UNLOCK, _unlock, ("ticket",),
    ),
    Act(
        "require", _("Require two-factor sign-in"),
        _(
            "Whoever has no second factor goes on until the days of grace are over, and is reminded 7 days and 1 day "
            "before that; then nothing but setting one up is open to them."
        ),
        _("Two-factor sign-in is now required."), "mfa.change_policy", _require,
        ("starts_on", "grace_days"), locks_out=True,
    ),
    Act(
        "release", _("No longer require two-factor sign-in"),
        _("The person may remove the last second factor and sign in with the password alone."),
        _("Two-factor sign-in is no longer required."), "mfa.change_policy", _release, danger=True,
    ),
    Act(
        "exempt", _("Exempt until a day"),
        _(
            "Nothing is required of the person up to the end of that day; then it is over by itself. You own the "
            "exemption, and are reminded 7 days before."
        ),
        _("The exemption holds."), "mfa.change_exemption", _exempt, ("until",), danger=True,
    ),
    Act(
        "end-exemption", _("End the exemption"),
        _("Whatever the rules ask of the person holds again, at once."),
        _("The exemption has ended."), "mfa.change_exemption", _end_exemption,
    ),
    Act(
        "end-sessions", _("End all sessions"),
        _("The person is signed out everywhere and has to sign in again."),
        _("All sessions were ended."), roles.END_SESSIONS, _end_sessions,
    ),
    Act(
        "role", _("Change the role"),
        _(
            "The role decides what the person may see and do in this administration. All sessions of the person end, "
            "and an activation code from before. To make somebody helpdesk or admin takes a second admin, who approves "
            "exactly that; to make an admin helpdesk, somebody auditor, or to take the role away takes you alone."
        ),
        _("The role was changed."), roles.GIVE_ROLES, _give_role, ("role",), danger=True,
    ),
    Act(
        "deactivate", _("Deactivate the account"),
        _(
            "The person can no longer sign in and all sessions end. For local accounts; the directory decides about "
            "its own."
        ),
        _("The account was deactivated."), "accounts.change_user", _deactivate, danger=True,
    ),
    Act(
        "reactivate", _("Reactivate the account"),
        _(
            "The person can sign in again, with the role from before. For local accounts; the directory decides about "
            "its own. Whoever may do more than look then takes a second admin, who approves exactly that."
        ),
        _("The account was reactivated."), "accounts.change_user", _reactivate,
    ),
)  # fmt: skip
BY_SLUG = {act.slug: act for act in ALL}
VOUCHED = frozenset({"reset", "reset-one", "activate", "temporary", "assign-token", "phone", "unlock"})
"""What opens an account to whoever is on the telephone: see `vouching`."""
WEAKENS = frozenset({"exempt", "release"})
"""What asks less of people: done to a list, it comes to the same as ending a rule for everybody."""
