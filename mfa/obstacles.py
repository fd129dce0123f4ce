"""What stands between a person and a sign-in now: locks with their end, factors at rest, numbers in doubt."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, cool_down, kinds, limits, lost
from mfa.known import Known
from mfa.models import Factor, GuessCounter
from mfa.notes import CardAction, Note

SHOWN = 5


def of(known: Known, counter: GuessCounter | None, *, now: datetime) -> list[Note]:
    """Every obstacle with what can be done; none where the way is free. `counter` is the account's."""
    user = known.user
    if not user.is_active:
        return [Note("danger", _("The account is not active."), _("Only the organisation can activate it again."))]
    return [
        *_locks(known, counter, now),
        *_wrong_passwords(user, now),
        *_nothing_works(known),
        *_taken_away(known),
        *_at_rest(known),
        *_too_new(known, now),
        *(note for kind in kinds.registry().values() for note in kind.notes(user, known.rows, now=now)),
    ]


def _locks(known: Known, counter: GuessCounter | None, now: datetime) -> list[Note]:
    if counter is None:
        return []
    if limits.is_at_ceiling(counter):
        return [Note("danger", _("Locked after too many wrong codes."), _("It stays so until helpdesk unlocks it."))]
    waits = {slug: limits.delayed_until(counter, slug, now=now) for slug in counter.failures}
    ways = {one.kind for one in known.usable if kinds.kind(one.kind).in_portal}
    return [_wait(slug, until, others=bool(ways - {slug})) for slug, until in waits.items() if until is not None]


def _wait(slug: str, until: datetime, *, others: bool) -> Note:
    kind = kinds.registry().get(slug)
    title = _("Wrong codes were typed: %(label)s.") % {"label": kind.label if kind else slug}
    words = (
        _("The next one counts from %(at)s. Other ways work now.")
        if others
        else _("The next one counts from %(at)s. Wait until then, or ask helpdesk.")
    )
    return Note("warn", title, words % {"at": _clock(until)})


def _wrong_passwords(user: User, now: datetime) -> list[Note]:
    """Each source that has to wait; others are not held up by it."""
    mark = f"password:{user.pk}:"
    notes = []
    for counter in GuessCounter.objects.filter(subject__startswith=mark).order_by("-updated_at")[:SHOWN]:
        until = limits.delayed_until(counter, "password", now=now)
        if until is not None:
            title = _("Wrong passwords came from %(source)s.") % {"source": counter.subject.removeprefix(mark)}
            notes.append(Note("warn", title, _("The next one from there counts from %(at)s.") % {"at": _clock(until)}))
    return notes


def _nothing_works(known: Known) -> list[Note]:
    if any(kinds.kind(factor.kind).in_portal for factor in known.usable):
        return []
    if known.asked.activation_only:
        text = _("Ask helpdesk for an activation code, sign in with your password and type it.")
        return [Note("warn", _("No second factor of yours works."), text)]
    text = _("A gateway that asks for a code refuses you until you have one.")
    return [
        Note("info", _("You have no second factor yet."), text, (CardAction(_("Set one up"), reverse("dashboard")),))
    ]


def _taken_away(known: Known) -> list[Note]:
    """Kinds that work on the portal only, since a rule of the organisation counts them no more."""
    asked = known.asked
    gone = dict.fromkeys(
        one.kind for one in known.usable if not asked.allows(one.kind) and not kinds.kind(one.kind).backup
    )
    text = _("Gateways refuse it. Sign in here with it and set up another one.")
    title = _("Your organisation does not accept this kind any more: %(label)s.")
    return [Note("warn", title % {"label": kinds.kind(slug).label}, text) for slug in gone]


def _at_rest(known: Known) -> list[Note]:
    notes = []
    for factor in lost.among(known.rows):
        title = _("%(name)s was reported lost and is suspended.") % {"name": _name(factor)}
        back = CardAction(_("It is back"), reverse("resume", args=[factor.pk]))
        notes.append(Note("warn", title, _("If you have it again, let it work again with another factor."), (back,)))
    disabled = [row for row in known.rows if row.confirmed and row.disabled_at and not row.suspended_at]
    for factor in disabled:
        title = _("%(name)s is switched off after too many wrong codes.") % {"name": _name(factor)}
        notes.append(Note("danger", title, _("Helpdesk can switch it on again, or set it up anew.")))
    return notes


def _too_new(known: Known, now: datetime) -> list[Note]:
    """What was set up after a reset, and where it will be taken from when on."""
    allowed = applications.left_by(known.asked, frozenset(kinds.registry()))
    waiting = cool_down.waiting(known.usable, allowed, now=now)
    of_each = ([one for one in waiting if one.factor is factor] for factor in known.usable)
    return [Note("info", some[0].title, " ".join(one.words for one in some)) for some in of_each if some]


def _name(factor: Factor) -> str:
    kind = kinds.registry().get(factor.kind)
    return str(factor.name or (kind.label if kind else factor.kind))


def _clock(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%H:%M:%S")
