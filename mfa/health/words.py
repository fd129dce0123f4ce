"""A finding in words: what it is about, how it is, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from mfa.health import guesses
from mfa.models import Finding

_LOOK = gettext_lazy("Open the authentication log. Block the address where it comes in; the limits hold meanwhile.")
_JOBS_OF_BEAT = {"celery.backend_cleanup": gettext_lazy("Delete results of jobs that are over")}
"""What beat itself puts among the schedules; all others are made with a name for people."""


def schedule(name: str) -> str:
    """The name of a schedule for people."""
    return str(_JOBS_OF_BEAT.get(name, name))


@dataclass(frozen=True, slots=True)
class Words:
    part: str
    text: str
    step: str = ""
    url: str = ""


def sentence(finding: Finding) -> Words:
    """The words for beat, a clock, a certificate, a key, a refused key or guesses; `step` is empty where nothing is to
    be done, `url` where no page helps."""
    kind, _colon, name = finding.part.partition(":")
    if kind == "beat":
        return _beat(finding)
    if kind == "certificate":
        return _certificate(finding, name)
    if kind == "key":
        return _key(finding, name)
    if kind == "misplaced":
        return _misplaced(finding.figures, name)
    if kind == guesses.PART:
        return _guesses_at(finding, name) if name else _guesses(finding.figures)
    return _clock(finding.figures)


def _beat(finding: Finding) -> Words:
    since = timezone.localtime(datetime.fromisoformat(finding.figures["since"]))
    text = _("it last started a job at %(at)s") % {"at": f"{since:%Y-%m-%d %H:%M}"}
    if finding.state == Finding.State.OK:
        return Words(_("Beat"), text)
    step = _("Start beat, one in the whole deployment: until then no directory is read, nobody is reminded, and what "
             "workers were not told of waits.")  # fmt: skip
    return Words(_("Beat"), text, step)


def _clock(figures: dict[str, Any]) -> Words:
    beside, step = _true_time(figures)
    off = _("%(seconds)s s from the database") % {"seconds": figures.get("database", "?")}
    if any(isinstance(figure, float) and abs(figure) > 1 for figure in figures.values()):
        step = _("Codes are refused when a clock is wrong: set this machine's clock, and the database's, by a time "
                 "server.")  # fmt: skip
    return Words(_("Clock of the workers"), f"{off}; {beside}", step)


def _true_time(figures: dict[str, Any]) -> tuple[str, str]:
    """How far the clock is from the time server's, and what to do where that is not known."""
    if "ntp" not in figures:
        return _("no time server is named"), _("Name one in NTP_SERVER, so that the true time is known.")
    if figures["ntp"] is not None:
        return _("%(seconds)s s from the time server") % {"seconds": figures["ntp"]}, ""
    if "quiet" in figures:
        step = _("Name another one in NTP_SERVER: this one is left alone for an hour.")
    else:
        step = _("See whether NTP_SERVER names a time server that answers this machine (UDP, port 123).")
    text = _("the true time is not known, because the time server %(cause)s") % {"cause": figures.get("cause", "")}
    return text, step


def _certificate(finding: Finding, name: str) -> Words:
    part = _("Certificate of %(name)s") % {"name": name}
    cause, days = finding.figures.get("cause"), finding.figures.get("days", 0)
    if finding.state == Finding.State.BAD:
        step = _("Nothing goes to that server until this is mended: renew its certificate, have it issued for this "
                 "name, or name its authority to this machine.")  # fmt: skip
        return Words(part, _("not valid: %(cause)s") % {"cause": cause}, step)
    if cause:
        step = _("See whether that server runs, and whether this machine reaches it.")
        return Words(part, _("not reached: %(cause)s") % {"cause": cause}, step)
    text = ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}
    return Words(part, text, _("Renew it before it ends.") if finding.state == Finding.State.WARN else "")


def _key(finding: Finding, name: str) -> Words:
    part = _("Key %(key)s of %(name)s") % {"key": name, "name": finding.figures.get("application", "")}
    days, application = finding.figures.get("days", 0), finding.figures.get("pk")
    text = ngettext("ends in %(days)s day", "ends in %(days)s days", days) % {"days": days}
    url = reverse("admin:mfa_application_change", args=[application]) if application else ""
    return Words(part, text, _("Make a second key, put it into the gateway, then revoke this one."), url)


def _misplaced(figures: dict[str, Any], name: str) -> Words:
    part = _("Refused: key %(key)s of %(name)s") % {"key": name, "name": figures["application"]}
    text = _("it asked for “%(verb)s” from %(origin)s, which it may not") % figures
    step = _("If that is none of your servers, the key was stolen: make a second one, put it into the gateway, then "
             "revoke this one.")  # fmt: skip
    return Words(part, text, step, reverse("admin:mfa_application_change", args=[figures["pk"]]))


def _guesses_at(finding: Finding, application: str) -> Words:
    part = _("Guesses at accounts through %(name)s") % {"name": application}
    names = int(finding.figures.get("names", 0))
    text = ngettext("%(names)s name in an hour", "%(names)s names in an hour", names) % {"names": names}
    if finding.figures.get("address"):
        text += ", " + _("%(count)s of them from %(address)s") % {
            "count": finding.figures["from_one"], "address": finding.figures["address"],
        }  # fmt: skip
    return Words(part, text, str(_LOOK), reverse("admin:mfa_authenticationrecord_changelist"))


def _guesses(figures: dict[str, Any]) -> Words:
    count = int(figures.get("accounts", 0))
    text = ngettext(
        "wrong answers about %(count)s account from many places, such as %(most)s",
        "wrong answers about %(count)s accounts from many places, such as %(most)s",
        count,
    ) % {"count": count, "most": figures.get("most", "")}
    return Words(
        _("Guesses at single accounts"), text, str(_LOOK), reverse("admin:mfa_authenticationrecord_changelist")
    )
