"""How a person stands: what protects them, what is missing, and the one next step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from mfa import kinds, lost
from mfa.kinds import FactorKind
from mfa.known import Known
from mfa.models import Factor
from mfa.outcomes import day_and_time
from mfa.pages import cards, doors
from mfa.pages.cards import FEW


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the state: whether it is well, and in words; `url` leads to more of it."""

    tone: str
    label: str
    words: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The most useful next step; `can_wait` where it is advice that may be put off."""

    title: str
    words: str
    action: str
    url: str | None
    can_wait: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """`tone` and `title` sum the checks up; no step where there is nothing to do."""

    tone: str
    title: str
    checks: list[Check]
    step: Step | None


def of(known: Known, *, now: datetime, step_is_told: bool = False) -> Standing:
    """The state of a person; without a step where the page says it already."""
    factors = known.usable
    alone = [factor for factor in factors if kinds.kind(factor.kind).alone]
    checks = [_ways(alone), *(_way_back(factors) if alone else []), *(_doors(known) if factors else [])]
    if not alone and lost.among(known.rows):
        return Standing("warn", _("What you confirm yourself with is suspended"), checks, _after_a_loss())
    step = None if step_is_told else _step(known, alone, now)
    if not alone:
        return Standing("warn", _("Only your password protects your account"), checks, step)
    if any(check.tone == "warn" for check in checks):
        return Standing("ok", _("Your account is protected. One thing is missing."), checks, step)
    return Standing("ok", _("Your account is protected"), checks, step)


def _after_a_loss() -> Step:
    words = _("Set up a new one, or bring back what you found again. The next page says how.")
    return Step(_("Something of yours was reported lost"), words, _("What to do now"), reverse("lost_phone_next"))


def _ways(alone: list[Factor]) -> Check:
    if not alone:
        return Check("warn", _("Second factor"), _("none yet"))
    labels = dict.fromkeys(str(kinds.kind(factor.kind).label) for factor in alone)
    return Check("ok", _("Second factor"), ", ".join(labels))


def _way_back(factors: list[Factor]) -> list[Check]:
    backup = _backup()
    if backup is None:
        return []
    held = next((factor for factor in factors if factor.kind == backup.slug), None)
    if held is None:
        return [Check("warn", _("If your phone is lost"), _("no way back in yet"))]
    left = backup.left(held) or 0
    words = ngettext("%(left)d recovery code", "%(left)d recovery codes", left) % {"left": left}
    return [Check("warn" if left <= FEW else "ok", _("If your phone is lost"), words)]


def _doors(known: Known) -> list[Check]:
    found = doors.of(known)
    ready, closed = [one.name for one in found if one.ready], [one for one in found if not one.ready]
    later = [(one.name, one.opens_at) for one in closed if one.opens_at]
    closed = [one for one in closed if not one.opens_at]
    checks = [Check("ok", _("Ready for"), ", ".join(ready), reverse("rehearsal"), _("Try it"))] if ready else []
    if closed:
        accepts = ", ".join(dict.fromkeys(label for one in closed for label in one.accepts))
        words = _("%(names)s (takes %(kinds)s)") % {"names": ", ".join(one.name for one in closed), "kinds": accepts}
        checks.append(Check("off", _("Not ready for"), words))
    told = [_("%(name)s, from %(at)s on") % {"name": name, "at": day_and_time(at)} for name, at in later]
    return [*checks, Check("off", _("Ready later for"), "; ".join(told))] if told else checks


def _step(known: Known, alone: list[Factor], now: datetime) -> Step | None:
    if not alone:
        return _first_factor(known)
    return _make_new_codes(known.usable) or _something_stronger(known, alone, now) or _keep_codes(known.usable)


def _first_factor(known: Known) -> Step | None:
    best = next(iter(_addable(known)), None)
    if best is None:
        return None
    words = _("Whoever learns it can sign in as you. A second factor stops that; setting one up takes two minutes.")
    return Step(_("Set up a second factor"), words, _("Set up: %(label)s") % {"label": best.label}, best.add_url())


def _addable(known: Known) -> list[FactorKind]:
    """What could be the person's first factor and no rule takes away, the strongest first."""
    return [kind for kind in cards.first(known.user) if known.asked.allows(kind.slug)]


def _backup() -> FactorKind | None:
    return next((kind for kind in kinds.registry().values() if kind.add_url() and kind.backup), None)


def _keep_codes(factors: list[Factor]) -> Step | None:
    backup = _backup()
    if backup is None or any(factor.kind == backup.slug for factor in factors):
        return None
    words = _("If your phone is lost or broken, recovery codes let you in. Print them or keep them in a safe place.")
    return Step(_("Make yourself a way back in"), words, _("Make recovery codes"), backup.add_url())


def _make_new_codes(factors: list[Factor]) -> Step | None:
    backup = _backup()
    held = next((factor for factor in factors if backup and factor.kind == backup.slug), None)
    left = backup.left(held) if backup and held else None
    if backup is None or held is None or left is None or (left > FEW and held.last_used_at is None):
        return None
    if left > FEW:
        words = _("Make new ones, so that you have all of them again. The old ones then stop working.")
        return Step(_("You have used a recovery code"), words, _("Make new codes"), backup.add_url())
    words = _("Make new ones while you still can. The old ones then stop working.")
    title = ngettext("Only %(left)d recovery code is left.", "Only %(left)d recovery codes are left.", left)
    return Step(title % {"left": left}, words, _("Make new codes"), backup.add_url())


def _something_stronger(known: Known, alone: list[Factor], now: datetime) -> Step | None:
    """Whoever has restricted kinds only is offered a better one, and may put it off for some weeks."""
    better = next((k for k in _addable(known) if not k.restricted and not k.legacy), None)
    if better is None or not all(kinds.kind(factor.kind).restricted for factor in alone):
        return None
    quiet_until = known.chosen.quiet_until
    if quiet_until is not None and now < quiet_until:
        return None
    words = _(
        "Phone numbers can be taken over and mailboxes read by others. This is safer, and works without a network."
    )
    return Step(
        _("There is something safer"), words, _("Set up: %(label)s") % {"label": better.label}, better.add_url(), True
    )
