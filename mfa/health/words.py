"""A finding in words: what it is about, how it is, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _, ngettext

from mfa.models import Finding


@dataclass(frozen=True, slots=True)
class Words:
    part: str
    text: str
    step: str = ""


def sentence(finding: Finding) -> Words:
    """The words for a clock, a certificate or a key; `step` is empty where nothing is to be done."""
    kind, _colon, name = finding.part.partition(":")
    if kind == "certificate":
        return _certificate(finding, name)
    if kind == "key":
        return _key(finding, name)
    return _clock(finding.figures)


def _clock(figures: dict[str, Any]) -> Words:
    off = _("%(seconds)s s from the database") % {"seconds": figures.get("database", "?")}
    if "ntp" not in figures:
        beside = _("no time server is named (NTP_SERVER)")
    elif figures["ntp"] is None:
        beside = _("the time server does not answer, so the true time is not known")
    else:
        beside = _("%(seconds)s s from the time server") % {"seconds": figures["ntp"]}
    step = _("Codes are refused when a clock is wrong: set this machine's clock, and the database's, by a time server.")
    wrong = any(abs(value or 0) > 1 for value in figures.values()) or figures.get("ntp", 0) is None
    return Words(_("Clock of the workers"), f"{off}; {beside}", step if wrong else "")


def _certificate(finding: Finding, name: str) -> Words:
    part = _("Certificate of %(name)s") % {"name": name}
    cause, days = finding.figures.get("cause"), finding.figures.get("days", 0)
    if finding.state == Finding.State.BAD:
        return Words(part, _("not valid: %(cause)s") % {"cause": cause}, _("Renew it, or name its authority."))
    if cause:
        return Words(part, _("not reached: %(cause)s") % {"cause": cause}, _("See whether that server runs."))
    text = ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days}
    return Words(part, text, _("Renew it.") if finding.state == Finding.State.WARN else "")


def _key(finding: Finding, name: str) -> Words:
    part = _("Key %(key)s of %(name)s") % {"key": name, "name": finding.figures.get("application", "")}
    days = finding.figures.get("days", 0)
    text = ngettext("ends in %(days)s day", "ends in %(days)s days", days) % {"days": days}
    return Words(part, text, _("Make a second key, put it into the gateway, then revoke this one."))
