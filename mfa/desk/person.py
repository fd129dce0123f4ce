"""What one page tells about a person: state, factors, number, policy, and what may be done. No secret is read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import (
    activation,
    applications,
    configured,
    cool_down,
    diagnosis,
    holdings,
    kinds,
    known,
    limits,
    policy,
    roles,
    rules,
)
from mfa.cool_down import Waiting
from mfa.demands import Demand, Holding, Source
from mfa.desk import acts, caller_page, masks, person_directory, person_words, reach
from mfa.desk.asked import Order
from mfa.kinds import FactorKind
from mfa.known import Known
from mfa.models import AuditEvent, Exemption, Factor, GuessCounter
from mfa.pages import cards

LATEST = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One factor as the page shows it."""

    label: str | Promise
    described: str
    factor: Factor
    state: str
    tone: str
    used_for: str = ""
    waiting: tuple[Waiting, ...] = ()

    @property
    def mark(self) -> str | Promise:
        """What is to be known of its kind: that it is restricted, or legacy."""
        kind = kinds.registry().get(self.factor.kind)
        return kind.mark if kind else ""


@dataclass(frozen=True, slots=True)
class Duty:
    """A demand as the page shows it."""

    demand: Demand
    name: str
    state: str
    tone: str

    @property
    def kinds(self) -> str:
        """The labels of the kinds that count; empty where all do."""
        return ", ".join(rules.labels(sorted(self.demand.kinds or ())))


@dataclass(frozen=True, slots=True)
class Offer:
    """An act that the role has: its page, or why it is refused for this person."""

    act: acts.Act
    url: str
    refused: str


def context(person: User, actor: User, *, now: datetime) -> dict[str, Any]:
    """All that the page shows, but for what Django's admin adds."""
    whole = actor.has_perm(roles.SEE_PHONES)
    exemptions = Prefetch("exemptions", Exemption.objects.select_related("owner"))
    prefetch_related_objects([person], "groups__permissions", exemptions)
    asked = policy.of_loaded(person, configured.current().rules, now=now)
    found = known.of(person, now=now, asked=asked)
    rows, usable, have = found.rows, found.usable, holdings.worth(found.usable)
    live = activation.live([person], now=now).exists()
    held = {row.kind for row in rows} | ({reach.LIVE_CODE} if live else set())
    counter, attempts = limits.counter_of(person), diagnosis.latest(person)
    offered = offers(person, actor, usable, held, now=now)
    return {
        "person": person,
        "shown_phone": masks.phone(person.phone, whole),
        "directory": person_directory.context(person, actor, whole=whole),
        "roles": [group.name for group in person.groups.all() if group.permissions.all()],
        "groups": [group.name for group in person.groups.all() if not group.permissions.all()],
        "asked": asked,
        "demands": [_demand(one, have, now) for one in asked.demands],
        "factors": factors(found, now=now),
        "locked": locked(counter, now=now),
        "activation": activation.newest(person) if asked.by_code else None,
        "activation_live": live,
        "checks_callers": caller_page.may(actor, person),
        "offers": offered,
        "can": {offer.act.slug: offer for offer in offered if not offer.refused},
        "standing": person_words.how(found, asked.standing(have), now=now),
        "failed": diagnosis.about(found, counter, attempts, now=now).failures[:1],
        "changes": person_words.changes(AuditEvent.objects.filter(user=person)[:LATEST]),
        "sign_ins": person_words.sign_ins(attempts[:LATEST]),
    }


def _demand(demand: Demand, have: Holding, now: datetime) -> Duty:
    """One demand as the page explains it: where it comes from, and whether it is met."""
    names = {Source.PERSON: _("Required of this person"), Source.STAFF: _("May enter the administration")}
    if demand.lifted:
        state, tone = _("lifted by the exemption"), "off"
    elif not demand.missing(have):
        state, tone = _("met"), "ok"
    else:
        state, tone = (_("not met"), "danger") if demand.in_force(now) else (_("not met yet"), "warn")
    return Duty(demand, str(names.get(demand.source, demand.name)), state, tone)


def factors(found: Known, *, now: datetime) -> list[Line]:
    """The usable factors, implied ones among them, then every other row."""
    rows, usable = found.rows, found.usable
    works = {(factor.kind, factor.key) for factor in usable}
    others = [row for row in rows if (row.kind, row.key) not in works]
    names = cards.application_names([*usable, *others])
    lines = [_line(one, now, works=True) for one in usable] + [_line(one, now, works=False) for one in others]
    allowed = applications.left_by(found.asked, frozenset(kinds.registry()))
    waiting = cool_down.waiting(usable, allowed, now=now)
    return [
        replace(
            one, used_for=names.get(one.factor.last_used_for, one.factor.last_used_for),
            waiting=tuple(wait for wait in waiting if wait.factor is one.factor),
        )
        for one in lines
    ]  # fmt: skip


def _line(factor: Factor, now: datetime, *, works: bool) -> Line:
    kind = kinds.registry().get(factor.kind)
    label = kind.label if kind else factor.kind
    described = kind.describe(factor) if kind else ""
    if works:
        return Line(label, described, factor, _("works"), "ok")
    if kind is None:
        return Line(label, described, factor, _("kind is switched off"), "off")
    if factor.suspended_at is not None:
        return Line(label, described, factor, _("reported lost"), "warn")
    if factor.disabled_at is not None:
        return Line(label, described, factor, _("disabled"), "danger")
    return Line(label, described, factor, _why_not(factor, kind, now), "off")


def _why_not(factor: Factor, kind: FactorKind, now: datetime) -> str:
    if factor.expires_at is not None and factor.expires_at <= now:
        return _("expired")
    if not factor.confirmed:
        return _("waits for its first code")
    return _("used up") if kind.left(factor) == 0 else _("its address has changed")


def locked(counter: GuessCounter | None, *, now: datetime) -> str:
    """In words whether wrong codes hold the account up; empty where they do not. `counter` is the account's."""
    if counter is None:
        return ""
    if limits.is_at_ceiling(counter):
        return _("Locked after too many wrong codes, until somebody unlocks it.")
    waits = [limits.delayed_until(counter, kind, now=now) for kind in counter.failures]
    return _("Wrong codes were typed; the next try has to wait.") if any(waits) else ""


def offers(person: User, actor: User, usable: list[Factor], held: Collection[str], *, now: datetime) -> list[Offer]:
    """Every act that the actor's role has, for this person with these usable factors, and `held` kinds of any."""
    order = Order(actor=actor, reason="", now=now)
    return [
        Offer(act, f"{act_url(act)}?people={person.pk}", reach.why_not(act, order, person, usable, held))
        for act in acts.ALL
        if reach.may(actor, act)
    ]


def act_url(act: acts.Act) -> str:
    """The page of an act; `?people=` names whom it is about."""
    return reverse("admin:accounts_user_act", args=[act.slug])
