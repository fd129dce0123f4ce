"""How a message fares, in the words of the page that waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from mfa.models import Delivery

LATE_AFTER = timedelta(seconds=15)
"""A message that has not left by then is late, and the page says so."""
SILENT_AFTER = timedelta(seconds=45)
"""A message that left so long ago may be lost on its way; the page says what else there is."""

State = Delivery.State


@dataclass(frozen=True, slots=True)
class Progress:
    """`over` ends the page's polling: nothing more will be heard."""

    tone: str
    words: str
    advice: str = ""
    over: bool = False


def of(delivery: Delivery, *, now: datetime, alone: bool = False) -> Progress:
    """What to tell of the message at `now`; `alone`: the person has no other way to the same."""
    if delivery.state in (State.QUEUED, State.SENDING):
        return _waiting(delivery, now, alone)
    if delivery.state in (State.SENT, State.DELIVERED):
        return _left(delivery, now, alone)
    if delivery.state == State.UNCERTAIN:
        doubt = _("We cannot tell whether the message left.")
        return Progress("warn", doubt, _("If it does not arrive in a minute, ask for a new one."), over=True)
    another = _("Ask for a new one, or ask helpdesk.") if alone else _("Ask for a new one, or use another way.")
    if delivery.state == State.EXPIRED:
        return Progress("danger", _("The message could not be sent in time, so it was not sent."), another, over=True)
    if delivery.handed_over_at is not None:
        return Progress("danger", _("The message left, but could not be delivered."), another, over=True)
    if delivery.channel == Delivery.Channel.MAIL:
        refused = _("The mail server refused the e-mail, so no code comes.")
        other = _("Use another way, or ask helpdesk to check your address.")
        return Progress("danger", refused, _("Ask helpdesk to check your address.") if alone else other, over=True)
    return Progress("danger", _("The message could not be sent."), another, over=True)


def _waiting(delivery: Delivery, now: datetime, alone: bool) -> Progress:
    if now - delivery.created_at <= LATE_AFTER:
        return Progress("info", _("The message is being sent."))
    late = _("The message is delayed. It leaves as soon as possible.")
    other = _("You can wait here, or use another way.")
    return Progress("warn", late, _("You can wait here, or ask helpdesk.") if alone else other)


def _left(delivery: Delivery, now: datetime, alone: bool) -> Progress:
    left_at = delivery.handed_over_at or delivery.created_at
    at = _clock(left_at)
    if delivery.state == State.DELIVERED:
        moments = {"at": at, "arrived": _clock(delivery.delivered_at or left_at)}
        return Progress("ok", _("Sent at %(at)s, delivered at %(arrived)s.") % moments, over=True)
    words = _("Sent at %(at)s.") % {"at": at}
    if now - left_at <= SILENT_AFTER:
        return Progress("ok", words)
    other = _("Nothing arrived? Ask for a new one, or use another way.")
    return Progress(
        "ok", words, _("Nothing arrived? Ask for a new one, or ask helpdesk.") if alone else other, over=True
    )


def _clock(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%H:%M:%S")
