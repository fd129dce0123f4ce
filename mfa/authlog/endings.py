"""The four ways an attempt can end, which every result belongs to: let in, asked, refused, or a fault of ours."""

from __future__ import annotations

from functools import cache

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from mfa import outcomes
from mfa.outcomes import Result


class Ending(TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    ASKED = "asked", _("Asked")
    REFUSED = "refused", _("Refused")
    FAULT = "fault", _("Fault")


ASKED = (outcomes.SMS_SENT.code, outcomes.CODE_PENDING.code)
"""Neither yes nor no: the attempt goes on with the answer."""
FAULTS = tuple(
    result.code
    for result in (
        outcomes.SMS_NOT_SENT, outcomes.EMAIL_NOT_SENT, outcomes.DIRECTORY_UNREACHABLE, outcomes.UNREADABLE,
    )
)  # fmt: skip
"""Refused without anybody's doing: something of the portal or behind it did not work."""
TONES = {Ending.ACCEPTED: "ok", Ending.ASKED: "info", Ending.REFUSED: "warn", Ending.FAULT: "danger"}
CONDITIONS = {
    Ending.ACCEPTED: Q(accepted=True),
    Ending.ASKED: Q(accepted=False, code__in=ASKED),
    Ending.REFUSED: Q(accepted=False) & ~Q(code__in=ASKED + FAULTS),
    Ending.FAULT: Q(accepted=False, code__in=FAULTS),
}
"""Each as a condition on records of the log; one of them is true for every record."""


def of(code: int, *, accepted: bool) -> Ending:
    """Which ending a record with this number is."""
    if accepted:
        return Ending.ACCEPTED
    if code in ASKED:
        return Ending.ASKED
    return Ending.FAULT if code in FAULTS else Ending.REFUSED


@cache
def grouped() -> dict[Ending, list[Result]]:
    """All results of the portal by how they end, each number once, by number."""
    known = {one.code: one for one in vars(outcomes).values() if isinstance(one, Result)}
    found: dict[Ending, list[Result]] = {ending: [] for ending in Ending}
    for code in sorted(known):
        found[of(code, accepted=known[code].accepted)].append(known[code])
    return found


def codes_named(words: str) -> list[int]:
    """The numbers that somebody may mean who looks for a number or for words of its meaning; none for short words."""
    wanted = words.strip().lower()
    every = [one for results in grouped().values() for one in results]
    by_words = len(wanted) > 3
    return [one.code for one in every if str(one.code) == wanted or (by_words and wanted in one.meaning.lower())]
