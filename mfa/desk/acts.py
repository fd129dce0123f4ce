"""What can be done to people from the admin, each act with its right and its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from mfa import roles
from mfa.desk import doing
from mfa.desk.asked import Order


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


ALL = (
    Act(
        "reset", _("Reset all factors"),
        _(
            "All second factors are removed and all sessions end. A new factor can then be set up with an activation "
            "code only. The person is told."
        ),
        _("All second factors were reset."), roles.RESET_FACTORS, doing.reset, ("identity", "ticket"), danger=True,
    ),
    Act(
        "reset-one", _("Reset one factor"),
        _("The factors of one kind are removed and all sessions end. The person is told."),
        _("The factor was reset."), roles.RESET_FACTORS, doing.reset, ("kind", "identity", "ticket"), danger=True,
    ),
    Act(
        "activate", _("Issue an activation code"),
        _(
            "A new code, shown once on the next page, or sent where the person has confirmed an address. It works once "
            "and for 24 hours, by SMS for 10 minutes; an older one ends."
        ),
        _("An activation code was issued."), roles.ISSUE_ACTIVATION, doing.issue,
        ("hand_over", "identity", "ticket"),
    ),
    Act(
        "end-activation", _("Withdraw the activation code"),
        _("It opens nothing any more, at once. The next factor still takes a new one."),
        _("The activation code was withdrawn."), roles.ISSUE_ACTIVATION, doing.withdraw,
    ),
    Act(
        "temporary", _("Give a temporary access code"),
        _(
            "A code, shown once on the next page, that stands in for the second factor at the applications you choose. "
            "It signs nobody in to this portal, and ends when a new factor is set up. The person is told."
        ),
        _("A temporary access code was made."), roles.ISSUE_ACTIVATION, doing.lend,
        ("applications", "hours", "uses", "identity", "ticket"),
    ),
    Act(
        "end-temporary", _("End the temporary access code"),
        _("It works nowhere any more, at once."),
        _("The temporary access code has ended."), roles.ISSUE_ACTIVATION, doing.end_lent,
    ),
    Act(
        "assign-token", _("Assign a hardware token"),
        _(
            "A token from stock becomes the person's second factor at once, without a code. Hand it over yourself. The "
            "person is told."
        ),
        _("The token was assigned."), roles.ASSIGN_TOKENS, doing.assign_token, ("serial", "identity", "ticket"),
    ),
    Act(
        "phone", _("Set the phone number"),
        _(
            "Codes by SMS go to this number from then on, and all sessions of the person end. The old number and the "
            "mailbox are told."
        ),
        _("The phone number was set. It is not confirmed."), roles.RESET_FACTORS, doing.set_number,
        ("number", "confirmation", "identity", "ticket"), single=True,
    ),
    Act(
        "unlock", _("Unlock"),
        _(
            "All wrong codes are forgotten and factors that too many of them disabled work again; where there is "
            "such a factor, somebody has to vouch for it. The person is told."
        ),
        _("The account was unlocked."), roles.UNLOCK, doing.unlock, ("ticket",),
    ),
    Act(
        "require", _("Require two-factor sign-in"),
        _(
            "Whoever has no second factor goes on until the days of grace are over, and is reminded 7 days and 1 day "
            "before that; then nothing but setting one up is open to them."
        ),
        _("Two-factor sign-in is now required."), "mfa.change_policy", doing.require,
        ("starts_on", "grace_days"), locks_out=True,
    ),
    Act(
        "release", _("No longer require two-factor sign-in"),
        _("The person may remove the last second factor and sign in with the password alone."),
        _("Two-factor sign-in is no longer required."), "mfa.change_policy", doing.release, danger=True,
    ),
    Act(
        "exempt", _("Exempt until a day"),
        _(
            "Nothing is required of the person up to the end of that day; then it is over by itself. You own the "
            "exemption, and are reminded 7 days before."
        ),
        _("The exemption holds."), "mfa.change_exemption", doing.exempt, ("until",), danger=True,
    ),
    Act(
        "end-exemption", _("End the exemption"),
        _("Whatever the rules ask of the person holds again, at once."),
        _("The exemption has ended."), "mfa.change_exemption", doing.end_exemption,
    ),
    Act(
        "end-sessions", _("End all sessions"),
        _("The person is signed out everywhere and has to sign in again."),
        _("All sessions were ended."), roles.END_SESSIONS, doing.end_sessions,
    ),
    Act(
        "role", _("Change the role"),
        _(
            "The role decides what the person may see and do in this administration. All sessions of the person end, "
            "and an activation code from before. To make somebody helpdesk or admin takes a second admin, who approves "
            "exactly that; to make an admin helpdesk, somebody auditor, or to take the role away takes you alone."
        ),
        _("The role was changed."), roles.GIVE_ROLES, doing.give_role, ("role",), danger=True,
    ),
    Act(
        "deactivate", _("Deactivate the account"),
        _(
            "The person can no longer sign in and all sessions end. For local accounts; the directory decides about "
            "its own."
        ),
        _("The account was deactivated."), "accounts.change_user", doing.deactivate, danger=True,
    ),
    Act(
        "reactivate", _("Reactivate the account"),
        _(
            "The person can sign in again, with the role from before. For local accounts; the directory decides about "
            "its own. Whoever may do more than look then takes a second admin, who approves exactly that."
        ),
        _("The account was reactivated."), "accounts.change_user", doing.reactivate,
    ),
)  # fmt: skip
BY_SLUG = {act.slug: act for act in ALL}
VOUCHED = frozenset({"reset", "reset-one", "activate", "temporary", "assign-token", "phone", "unlock"})
"""What opens an account to whoever is on the telephone: see `vouching`."""
WEAKENS = frozenset({"exempt", "release"})
"""What asks less of people: done to a list, it comes to the same as ending a rule for everybody."""
