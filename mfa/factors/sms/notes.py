"""What the owner of a number is told about the directory's: that another one rests there, or that none can be used."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy as lazy

from accounts import whose
from accounts.directory import write_back
from accounts.directory.entries import Flaw
from accounts.models import PhoneSource, SyncProblem, User, WriteBack
from accounts.phones import Reason, mask
from mfa.notes import CardAction, Note
from mfa.outcomes import day_and_time

WHY: dict[str, str | Promise] = {
    Reason.EMPTY: lazy("What is written there is empty."),
    Reason.NO_COUNTRY_CODE: lazy("The number there has no country code."),
    Reason.NOT_A_NUMBER: lazy("What is written there cannot be read as one phone number."),
    Reason.TOO_SHORT: lazy("The number there is too short."),
    Reason.TOO_LONG: lazy("The number there is too long."),
    Reason.EXTENSION: lazy("The number there has an extension, which no text message reaches."),
    Reason.LANDLINE: lazy("The number there is a landline number."),
    Reason.PREMIUM: lazy("The number there is a premium-rate number."),
    Reason.SHARED_COST: lazy("The number there is a shared-cost number."),
    Reason.SATELLITE: lazy("The number there is a satellite number."),
    Reason.COUNTRY_NOT_ALLOWED: lazy("The number there is of a country that is not in use here."),
    Reason.NOT_MOBILE: lazy("The number there is not of a mobile phone."),
    Flaw.NUMBER_GONE: lazy("There is no number there any more."),
    Flaw.NUMBER_SHARED: lazy("Another account has the number that is written there."),
}
NOTHING_USABLE = lazy("The directory has no number of yours that can be used.")
NOT_TAKEN = (WriteBack.State.REFUSED, WriteBack.State.GIVEN_UP)
ON_ITS_WAY: dict[WriteBack.State, str | Promise] = {
    WriteBack.State.QUEUED: lazy("Your number waits to be written to your organisation's directory."),
    WriteBack.State.WRITTEN: lazy("Your number is also written to your organisation's directory."),
}
FROM_DIRECTORY, SUGGESTED = "directory", "suggested"
"""What `?number=` of the page that changes the number may ask to be filled in."""


def urgent(user: User, *, now: datetime) -> list[Note]:
    """What the first page says: something is to be done or decided."""
    notes = [_resting(user)] if user.resting_phone else []
    if not user.phone or user.phone_source == PhoneSource.DIRECTORY:
        notes += [_trouble(user, problem)] if (problem := whose.trouble(user)) else []
    row = write_back.latest(user)
    if row and row.e164 == user.phone and row.state in NOT_TAKEN:
        notes.append(_not_taken(user))
    return notes


def everything(user: User, *, now: datetime) -> list[Note]:
    """What the page of the number says."""
    notes = urgent(user, now=now)
    if user.refused_phone:
        notes.append(_refused(user))
    elif _own_word_stays(user):
        notes.append(_own(user))
    row = write_back.latest(user)
    if row and row.e164 == user.phone and row.state in ON_ITS_WAY:
        notes.append(Note("info", str(ON_ITS_WAY[WriteBack.State(row.state)]), ""))
    return notes


def ask() -> str:
    """Whom to ask for a change in the directory."""
    if not settings.DIRECTORY_CONTACT:
        return _("To have it changed there, ask whoever keeps your organisation's directory.")
    return _("To have it changed there, ask: %(contact)s") % {"contact": settings.DIRECTORY_CONTACT}


def to_refuse(user: User) -> dict[str, object]:
    """What the page says that asks whether the resting number is to be refused."""
    return {"old": mask(user.phone), "new": mask(user.resting_phone), "until": user.phone_next_at}


def filled_in(user: User, wish: str) -> str:
    """The number (E.164) that the page begins with; empty for none."""
    if wish == SUGGESTED:
        problem = whose.trouble(user)
        return problem.suggestion if problem else ""
    return user.phone_next if wish == FROM_DIRECTORY or whose.directory_decides(user) else ""


def _resting(user: User) -> Note:
    until = day_and_time(user.phone_next_at) if user.phone_next_at else ""
    words = {"from": until, "old": mask(user.phone), "new": mask(user.phone_next)}
    return Note(
        "warn",
        _("Your directory has another number, %(new)s.") % words,
        _("It counts from %(from)s. Until then codes go to %(old)s.") % words,
        (
            CardAction(_("Use it now"), f"{reverse('sms:change')}?number={FROM_DIRECTORY}"),
            CardAction(_("That is not my number"), reverse("sms:not_mine"), danger=True),
        ),
    )


def _refused(user: User) -> Note:
    words = {"old": mask(user.phone), "new": mask(user.phone_next)}
    title = _("You refused the directory's number, %(new)s.") % words
    return Note("info", title, _("Codes keep going to %(old)s.") % words + " " + ask())


def _not_taken(user: User) -> Note:
    words = {"new": mask(user.phone)}
    title = _("The directory did not take your number, %(new)s.") % words
    return Note("info", title, _("Codes go to it all the same.") + " " + ask())


def _own_word_stays(user: User) -> bool:
    other = user.directory_phone not in ("", user.phone)
    return settings.PHONE_AUTHORITY == "self" and user.phone_source == PhoneSource.SELF and other


def _own(user: User) -> Note:
    words = {"new": mask(user.directory_phone)}
    title = _("The directory has another number, %(new)s.") % words
    return Note("info", title, _("Your own number stays, whatever the directory has."))


def _trouble(user: User, problem: SyncProblem) -> Note:
    """What is wrong there, what works meanwhile, and the one page that mends it."""
    text = [str(WHY.get(problem.reason, _("The number there cannot be used.")))]
    if user.phone:
        text.append(_("Codes keep going to %(old)s.") % {"old": mask(user.phone)})
    if whose.directory_decides(user):
        return Note("warn", str(NOTHING_USABLE), " ".join([*text, ask()]))
    change = reverse("sms:change")
    action = CardAction(_("Enter your number here"), change, dialog=True)
    if problem.suggestion:
        text.append(_("It may have been meant as %(number)s.") % {"number": mask(problem.suggestion)})
        action = CardAction(_("Use %(number)s") % {"number": mask(problem.suggestion)}, f"{change}?number={SUGGESTED}")
    elif user.phone and not user.phone_confirmed_at:
        text.append(_("Enter it here to confirm it, or another one."))
    return Note("warn", str(NOTHING_USABLE), " ".join([*text, ask()]), (action,))
