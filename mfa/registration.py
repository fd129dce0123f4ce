"""Applications and remember rules as admins make them: each write with its audit row."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from mfa import audit
from mfa.models import Application, Remembered, RememberRule

RIGHT = "mfa.change_application"
APPLICATION = (
    "slug",
    "name",
    "mode",
    "kinds",
    "separator",
    "code_length",
    "domains",
    "address_attribute",
    "reply_attributes",
    "cool_down_hours",
    "active",
)
RULE = ("name", "scope", "kind", "seconds", "active")


@transaction.atomic
def save(application: Application, *, actor: User, reason: str) -> None:
    """Add the application, or keep what was changed in it."""
    old = Application.objects.select_for_update().filter(pk=application.pk).first()
    application.save()
    action = "application.changed" if old else "application.added"
    changes = _changes(old, application, APPLICATION)
    audit.record(action, user=None, actor=actor, reason=reason, application=application.slug, **changes)


@transaction.atomic
def save_rule(rule: RememberRule, *, actor: User, reason: str) -> None:
    """Add the remember rule, or keep what was changed in it. A narrower or shorter one holds for what is remembered
    already."""
    old = RememberRule.objects.select_for_update().filter(pk=rule.pk).first()
    rule.save()
    where = rule.application.slug if rule.application else ""
    changes = _changes(old, rule, RULE)
    action = "remember-rule.changed" if old else "remember-rule.added"
    audit.record(action, user=None, actor=actor, reason=reason, application=where, **changes)


@transaction.atomic
def end_rule(rule: RememberRule, *, actor: User, reason: str) -> int:
    """Switch the rule off and forget what it remembers; returns how many verifications those were."""
    rule.active = False
    save_rule(rule, actor=actor, reason=reason)
    return _forget(rule)


@transaction.atomic
def forget_remembered(rule: RememberRule, *, actor: User, reason: str) -> int:
    """Forget what the rule remembers, so that everybody is asked again; returns how many verifications those were."""
    count = _forget(rule)
    audit.record("remember-rule.forgotten", user=None, actor=actor, reason=reason, rule=rule.name, count=count)
    return count


def _forget(rule: RememberRule) -> int:
    return Remembered.objects.filter(rule=rule).delete()[0]


def _changes(old: Any, new: Any, names: tuple[str, ...]) -> dict[str, object]:
    """Each column that differs, with its new value, and the old one where there was one."""
    differing = [name for name in names if old is None or getattr(old, name) != getattr(new, name)]
    return {name: [getattr(old, name), getattr(new, name)] if old else getattr(new, name) for name in differing}
