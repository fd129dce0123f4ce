"""What would be answered to somebody at an application: the dialogue itself, carried out and taken back.

Everything happens in one transaction that is rolled back: no row stays, no message leaves (the outbox hears of one
on commit only), no budget or count moves. The first factor is taken for right.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from mfa import applications, cool_down, holdings
from mfa.cool_down import Waiting
from mfa.models import Application, AuthenticationRecord, Factor
from mfa.verification import choice, dialogue
from mfa.verification.dialogue import Asked, Identified, Reply


@dataclass(frozen=True, slots=True)
class Simulation:
    """`factors` are those that could be asked for, in their order, `waiting` those that are too new for that; `rule`
    spared a code; `cause` is the log's."""

    reply: Reply
    factors: tuple[Factor, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    rule: str = ""
    cause: str = ""


def simulate(asked: Asked, *, now: datetime) -> Simulation:
    """The reply that a request with the right first factor would get at that moment. Leaves no trace."""
    with transaction.atomic():
        told = _play(asked, now)
        transaction.set_rollback(True)
    return told


def _play(asked: Asked, now: datetime) -> Simulation:
    by_name = copy(asked.application)
    by_name.mode = Application.Mode.CODE_ONLY  # as where the first factor was checked already
    who = dialogue.identify(replace(asked, application=by_name), now=now)
    if not isinstance(who, Identified):
        return Simulation(who, cause=who.result.meaning)
    usable = holdings.usable(who.user, now=now)
    typed = choice.typed(who.user, usable, now=now)
    factors = choice.asked_for(asked.application, typed, now=now)
    waiting = cool_down.waiting_at(asked.application, typed, applications.kinds_of(asked.application), now=now)
    reply = dialogue.reply(asked, who, now=now)
    record = AuthenticationRecord.objects.filter(user=who.user).order_by("-pk").first()
    rule, cause = (record.rule, record.cause) if record else ("", "")
    return Simulation(reply, tuple(factors), tuple(waiting), rule, cause)
