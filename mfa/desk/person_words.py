"""What a person's own pages say, for their page in the admin: the same words, without the owner's links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mfa import applications, explanations
from mfa.demands import Standing as Demanded
from mfa.explanations import Explanation
from mfa.known import Known
from mfa.models import AuditEvent, AuthenticationRecord
from mfa.pages import duty, events, standing
from mfa.pages.standing import Standing


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what it was in words, and the name of what was changed where it has one."""

    event: AuditEvent
    words: str
    name: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """One attempt: what came of it, with what, and where."""

    record: AuthenticationRecord
    told: Explanation
    kind: str
    place: str


def how(known: Known, demanded: Demanded, *, now: datetime) -> Standing:
    """How the person stands, as the own first page sums it up. Nothing in it can be followed: the steps are theirs."""
    told = bool(duty.notes(demanded, now=now))
    found = standing.of(known, now=now, step_is_told=told)
    step = replace(found.step, url=None, can_wait=False) if found.step else None
    return replace(found, checks=[replace(check, url="") for check in found.checks], step=step)


def changes(rows: Iterable[AuditEvent]) -> list[Change]:
    """The changes in the words of the person's own history."""
    return [Change(event, events.words(event), events.name_in(event.details)) for event in rows]


def sign_ins(rows: Iterable[AuthenticationRecord]) -> list[SignIn]:
    """The attempts in the words of the person's own diagnosis."""
    records = list(rows)
    names = applications.names(record.application for record in records)
    return [
        SignIn(
            record, explanations.of(record), explanations.kind_words(record), explanations.place_words(record, names)
        )
        for record in records
    ]
