"""A person's own history in plain words: changes from the audit trail and sign-ins from the authentication log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import CharField, QuerySet, Value
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.requests import SignedInRequest
from mfa import applications, explanations, kinds
from mfa.applications import OWN
from mfa.kinds import Purpose
from mfa.models import AuditEvent, AuthenticationRecord

LATEST = 5
PER_PAGE = 25
SHOWN = {"changes": "change", "sign-ins": "attempt"}
"""What `?show=` narrows the history to."""

WORDS: dict[str, str | Promise] = {
    "factor.added": gettext_lazy("Second factor added"),
    "factor.replaced": gettext_lazy("Second factor set up anew, the old one ended"),
    "token.assigned": gettext_lazy("Hardware token assigned"),
    "token.taken-back": gettext_lazy("Hardware token taken back"),
    "token.lost": gettext_lazy("Hardware token marked as lost"),
    "factor.pin-changed": gettext_lazy("PIN changed"),
    "factor.renamed": gettext_lazy("Second factor renamed"),
    "factor.removed": gettext_lazy("Second factor removed"),
    "phone.lost": gettext_lazy("Phone reported lost, what was on it suspended"),
    "factor.resumed": gettext_lazy("Second factor is back in use"),
    "factor.preferred": gettext_lazy("Another factor is asked for first"),
    "factor.disabled": gettext_lazy("Second factor switched off after too many wrong codes"),
    "factors.reset": gettext_lazy("Second factors reset"),
    "account.unlocked": gettext_lazy("Account unlocked"),
    "phone.changed": gettext_lazy("Phone number changed"),
    "phone.removed": gettext_lazy("Phone number removed"),
    "phone.confirmed": gettext_lazy("Phone number confirmed"),
    "phone.confirm-started": gettext_lazy("A code was sent to the phone number to confirm it"),
    "phone.restored": gettext_lazy("Phone number restored"),
    "phone.restore-refused": gettext_lazy("The earlier phone number belongs to another account, and was not put back"),
    "policy.required": gettext_lazy("Two-factor sign-in required"),
    "policy.not-required": gettext_lazy("Two-factor sign-in no longer required"),
    "exemption.granted": gettext_lazy("Exempt from two-factor rules for a time"),
    "exemption.ended": gettext_lazy("No longer exempt from two-factor rules"),
    "activation.issued": gettext_lazy("Activation code issued"),
    "temporary.issued": gettext_lazy("Temporary access code issued"),
    "temporary.ended": gettext_lazy("Temporary access code ended"),
    "activation.withdrawn": gettext_lazy("Activation code withdrawn"),
    "activation.ended": gettext_lazy("Activation code ended, since it had gone to an earlier number or mailbox"),
    "activation.used": gettext_lazy("Activation code used"),
    "password.first-set": gettext_lazy("First password set with an activation code"),
    "session.ended": gettext_lazy("A session was signed out"),
    "memory.one-forgotten": gettext_lazy("An application asks for a code again"),
    "memory.forgotten": gettext_lazy("Every application asks for a code again"),
    "sessions.ended": gettext_lazy("Signed out everywhere"),
    "phone.announced": gettext_lazy("The directory has another phone number"),
    "phone.refused": gettext_lazy("Phone number of the directory refused"),
    "phone.written-back": gettext_lazy("Phone number written to the directory"),
    "phone.write-back-refused": gettext_lazy("The directory did not take the phone number"),
    "phone.write-back-given-up": gettext_lazy("The phone number could not be written to the directory"),
    "phone.write-back-ordered": gettext_lazy("The phone number is written to the directory once more"),
    "phone.change-started": gettext_lazy("A code was sent to a new phone number"),
    "factor.clock-adjusted": gettext_lazy("Clock of the authenticator app adjusted"),
    "factor.maybe-copied": gettext_lazy("A passkey was refused because it may have been copied"),
    "phone.read-back-failed": gettext_lazy("The code for a new phone number was read back wrong"),
    "caller.asked": gettext_lazy("Helpdesk sent a code to be read back"),
    "caller.passed": gettext_lazy("The code that helpdesk sent was read back"),
    "caller.failed": gettext_lazy("A code read back to helpdesk was wrong"),
    "identity.checked": gettext_lazy("Helpdesk checked who was calling"),
    "role.changed": gettext_lazy("Role changed"),
    "group.entered": gettext_lazy("Became a member of a group"),
    "group.left": gettext_lazy("No longer a member of a group"),
    "approval.asked": gettext_lazy("A second person was asked to approve something about the account"),
    "approval.approved": gettext_lazy("A second person approved something about the account"),
    "approval.approved-at-shell": gettext_lazy("Something about the account was approved at the server"),
    "approval.declined": gettext_lazy("A second person declined something about the account"),
    "approval.withdrawn": gettext_lazy("Something that a second person was asked about was withdrawn"),
    "breakglass.used": gettext_lazy("Access restored at the server"),
    "account.created": gettext_lazy("Account created"),
    "account.deactivated": gettext_lazy("Account deactivated"),
    "account.reactivated": gettext_lazy("Account active again"),
    "account.forgotten": gettext_lazy("Account emptied long after leaving"),
}

SET_BY_HELPDESK = {
    True: gettext_lazy("Phone number set by helpdesk, confirmed by a code that was read back"),
    False: gettext_lazy("Phone number set by helpdesk, not confirmed"),
}
"""How the trail's `confirmed` reads, which only helpdesk's changes have."""

TITLES: dict[tuple[str, bool], Promise] = {
    (Purpose.SIGN_IN, True): gettext_lazy("Signed in"),
    (Purpose.SIGN_IN, False): gettext_lazy("Sign-in refused"),
    (Purpose.PROOF, True): gettext_lazy("Confirmed that it was you"),
    (Purpose.PROOF, False): gettext_lazy("A code before a change was refused"),
    (Purpose.TEST, True): gettext_lazy("Tried a factor: it works"),
    (Purpose.TEST, False): gettext_lazy("Tried a factor: the code was refused"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of `components/timeline.html`."""

    at: datetime
    title: str
    text: str
    tone: str


@require_safe
def history(request: SignedInRequest) -> HttpResponse:
    shown = request.GET.get("show", "")
    rows = _index(request.user, only=SHOWN.get(shown, ""))
    page: Page[tuple[datetime, str, int]] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"events": _read(list(page)), "page_obj": page, "filters": _filters(shown)}
    return render(request, "pages/history.html", context)


def latest(user: User) -> list[Event]:
    """The newest few for the dashboard."""
    return _read(list(_index(user)[:LATEST]))


def words(event: AuditEvent) -> str:
    """A change as people read it; by its name in the trail where it concerns nobody."""
    if event.action == "phone.changed" and "confirmed" in event.details:
        return str(SET_BY_HELPDESK[event.details["confirmed"]])
    return str(WORDS.get(event.action, event.action))


def _filters(shown: str) -> list[dict[str, object]]:
    """What the list can be narrowed to, with what it is narrowed to now."""
    labels = {"": _("Everything"), "changes": _("Changes"), "sign-ins": _("Sign-ins")}
    current = shown if shown in SHOWN else ""
    return [{"label": label, "value": value, "current": value == current} for value, label in labels.items()]


def _index(user: User, *, only: str = "") -> QuerySet[AuditEvent, tuple[datetime, str, int]]:
    """(time, table, pk) of all that happened, newest first: one query over both tables, rows are fetched by page."""
    changes = AuditEvent.objects.filter(user=user).order_by()
    attempts = AuthenticationRecord.objects.filter(user=user).order_by()
    if only:
        changes, attempts = (changes.none(), attempts) if only == "attempt" else (changes, attempts.none())
    columns = ("at", "source", "pk")
    return (
        changes.annotate(source=Value("change", CharField()))
        .values_list(*columns)
        .union(attempts.annotate(source=Value("attempt", CharField())).values_list(*columns), all=True)
        .order_by("-at", "-pk")
    )


def _read(rows: list[tuple[datetime, str, int]]) -> list[Event]:
    changes = AuditEvent.objects.in_bulk([pk for _, source, pk in rows if source == "change"])
    attempts = AuthenticationRecord.objects.in_bulk([pk for _, source, pk in rows if source == "attempt"])
    names = applications.names(record.application for record in attempts.values())
    return [_change(changes[pk]) if source == "change" else _attempt(attempts[pk], names) for _, source, pk in rows]


def _change(event: AuditEvent) -> Event:
    by = "" if event.actor_id == event.user_id else event.actor_name or _("the portal")
    parts = [name_in(event.details), _("by %(who)s") % {"who": by} if by else "", _from(event.address)]
    return Event(event.at, words(event), _joined(parts), "info")


def name_in(details: dict[str, Any]) -> str:
    """What the thing is called; a factor whose name is just its kind's label is called as the reader calls the kind."""
    name, kind = str(details.get("name") or ""), kinds.registry().get(str(details.get("kind", "")))
    return str(kind.label) if kind and kind.says_no_more(name) else name


def _attempt(record: AuthenticationRecord, names: dict[str, str]) -> Event:
    where = "" if record.application in OWN else names.get(record.application, record.application)
    cause = "" if record.accepted else explanations.of(record).words
    parts = [explanations.kind_words(record), where, cause, _from(record.address)]
    title = TITLES.get((record.purpose, record.accepted)) or TITLES["sign-in", record.accepted]
    return Event(record.at, str(title), _joined(parts), "ok" if record.accepted else "warn")


def _from(address: str) -> str:
    return _("from %(address)s") % {"address": address} if address else ""


def _joined(parts: list[str]) -> str:
    return " · ".join(part for part in parts if part)
