"""The page "Double prompts": who was asked twice within seconds, and the narrowest rules that would have ended it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, kinds
from mfa.authlog import doubles
from mfa.authlog.replay import Effect, Proposal, Verification
from mfa.desk import remember_words
from mfa.models import RememberRule

DAYS, SECONDS = (1, 7, 30), (10, 60, 300)
PER_PAGE = 25
JUDGED = 1000
"""The pairs, the newest, that proposals are made of."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A rule as it would be, with what it would have changed; `fields` make it at `url`, which is empty where it cannot
    be made, and `made` is the one that is there already."""

    words: str
    effect: Effect
    fields: dict[str, str]
    url: str
    made: RememberRule | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of two verifications, in words, with the page of its attempt."""

    one: Verification
    place: str
    kind: str
    url: str


def context(request: HttpRequest) -> dict[str, Any]:
    """Pairs and proposals of the days and seconds in the address."""
    days, seconds = _chosen(request, "days", DAYS, 7), _chosen(request, "seconds", SECONDS, 60)
    wanted = timezone.now() - timedelta(days=days)
    since = doubles.bounded(wanted)
    found = doubles.pairs(since, within=timedelta(seconds=seconds))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    pairs = doubles.of(list(page))
    people = dict(User.objects.filter(pk__in={one.second.person for one in pairs}).values_list("pk", "username"))
    names = applications.names(side.application for one in pairs for side in (one.first, one.second))
    return {
        "days": days, "seconds": seconds, "all_days": DAYS, "all_seconds": SECONDS, "page_obj": page,
        "since": since if since > wanted else None, "most": doubles.MOST_VERIFICATIONS,
        "pairs": [
            (people.get(one.second.person, ""), one, [_side(side, names) for side in (one.first, one.second)])
            for one in pairs
        ],
        "offers": _offers(doubles.of(list(found[:JUDGED])), since),
    }  # fmt: skip


def _side(one: Verification, names: dict[str, str]) -> Side:
    kind = kinds.registry().get(one.kind)
    url = reverse("admin:mfa_authenticationrecord_change", args=[one.pk])
    return Side(one, names.get(one.application, one.application), str(kind.label) if kind else one.kind, url)


def _chosen(request: HttpRequest, name: str, allowed: tuple[int, ...], usual: int) -> int:
    return next((one for one in allowed if str(one) == request.GET.get(name)), usual)


def _offers(pairs: list[doubles.Double], since: Any) -> list[Offer]:
    proposals = doubles.proposals(pairs)
    rules = list(RememberRule.objects.filter(active=True).select_related("application"))
    effects = doubles.effects(proposals, since)
    return [_offer(one, effect, rules) for one, effect in zip(proposals, effects, strict=True)]


def _offer(one: Proposal, effect: Effect, rules: list[RememberRule]) -> Offer:
    row = applications.named(one.application) if one.application else None
    rule = RememberRule(scope=one.scope, application=row, kind=one.kind, seconds=one.seconds)
    place = row.name if row else one.application
    name = f"{place}: {remember_words.length(one.seconds)}" if place else remember_words.length(one.seconds)
    fields = {
        "name": name, "scope": one.scope, "application": str(row.pk) if row else "", "kind": one.kind,
        "seconds": str(one.seconds), "active": "on",
        "reason": _("Asked twice: it would have spared %(gone)s of %(prompts)s prompts.")
        % {"gone": effect.gone, "prompts": effect.prompts},
    }  # fmt: skip
    made = next((old for old in rules if _covers(old, rule)), None)
    known = row is not None or not one.application
    url = f"{reverse('admin:mfa_rememberrule_add')}?{urlencode(fields)}" if known else ""
    return Offer(remember_words.effect(rule), effect, fields, url, made)


def _covers(old: RememberRule, rule: RememberRule) -> bool:
    same = old.scope == rule.scope and old.application_id == rule.application_id and old.kind == rule.kind
    return same and old.seconds >= rule.seconds
