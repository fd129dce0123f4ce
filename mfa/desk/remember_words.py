"""Remember rules in words: what each does, and what is risky about it."""

from __future__ import annotations

from django.utils.translation import gettext as _, ngettext

from mfa import kinds
from mfa.models import Application, RememberRule

Scope = RememberRule.Scope
LONG = 3600
"""Seconds; from here on a rule is worth a warning."""


def effect(rule: RememberRule) -> str:
    """One sentence: who is not asked again, where, for how long."""
    kind = kinds.registry().get(rule.kind)
    words = {
        "factor": kind.label if kind else rule.kind or _("a second factor"),
        "time": length(rule.seconds),
        "place": rule.application.name if rule.application else _("any application"),
    }
    if rule.scope == Scope.ADDRESS:
        return (
            _("Whoever showed %(factor)s at %(place)s is not asked again there from the same address for %(time)s.")
            % words
        )
    if rule.scope == Scope.APPLICATION:
        return (
            _("Whoever showed %(factor)s at %(place)s is not asked again there for %(time)s, from any address.") % words
        )
    if rule.application:
        return _("Whoever showed %(factor)s anywhere is not asked again at %(place)s for %(time)s.") % words
    return _("Whoever showed %(factor)s at one application is not asked again at any for %(time)s.") % words


def length(seconds: int) -> str:
    """The length in the largest unit that leaves nothing over."""
    if seconds % 3600 == 0:
        return ngettext("%(count)d hour", "%(count)d hours", seconds // 3600) % {"count": seconds // 3600}
    if seconds % 60 == 0:
        return ngettext("%(count)d minute", "%(count)d minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}


def warnings(rule: RememberRule) -> list[str]:
    """What an admin should know before the rule holds; none for a narrow and short one."""
    found = []
    if rule.scope == Scope.ADDRESS:
        found.append(
            _(
                "People behind one address, such as an office or a hotel, look the same to this rule: somebody there "
                "who knows the password of a colleague is not asked for a code while it lasts."
            )
        )
        found += _unbelieved(rule)
    else:
        found.append(_("It holds from any address: whoever knows the password is not asked for a code while it lasts."))
    if rule.seconds >= LONG:
        found.append(_("An hour or more is long. Double prompts come within seconds: minutes are enough to end them."))
    return found


def _unbelieved(rule: RememberRule) -> list[str]:
    """Applications whose word about addresses is not believed, so that the rule does nothing there."""
    rows = [rule.application] if rule.application else list(Application.objects.filter(active=True))
    names = [row.name for row in rows if row and not row.address_attribute]
    if not names:
        return []
    return [_("It does nothing at %(names)s: no address is believed there.") % {"names": ", ".join(names)}]
