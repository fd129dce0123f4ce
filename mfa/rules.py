"""Making, changing and ending rules: what a rule says in words, which change makes it weaker, and who must agree."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext

from accounts.models import User
from mfa import approvals, asked_less, audit, kinds, policy
from mfa.approvals import Matter
from mfa.models import Reminder, Rule

RIGHT = "mfa.change_rule"
"""What whoever makes rules must hold, and whoever approves that one gets weaker."""


class Clash(Exception):
    """With this rule some people would have no kind left that they may set up; the message names the other rules."""


class ChangedMeanwhile(Exception):
    """The rule is not what the preview showed any more; nothing was saved."""


def clashes(new: Rule) -> list[Rule]:
    """The other rules that count none of the kinds which this one counts, though some people are concerned by both."""
    if not new.kinds or new.ended_at:
        return []
    others = Rule.objects.filter(ended_at=None).exclude(pk=new.pk or 0).select_related("group")
    apart = [one for one in others if one.kinds and not _able(one) & _able(new)]
    both = policy.concerned(new)
    return [one for one in apart if User.objects.filter(both & policy.concerned(one), is_active=True).exists()]


def values(rule: Rule | None) -> dict[str, object]:
    """All that a rule says, as JSON, for the audit trail and for comparing; nothing of none."""
    if rule is None:
        return {}
    return {
        "name": rule.name, "group": rule.group.name if rule.group else "", "starts_on": rule.starts_on.isoformat(),
        "grace_days": rule.grace_days, "factors": rule.factors, "backup": rule.backup,
        "kinds": sorted(rule.kinds), "activation_only": rule.activation_only,
    }  # fmt: skip


def digest(old: Rule | None, new: Rule | None) -> str:
    """Names a change to the letter: the rule, what it said and what it will say."""
    changed = [old.pk if old else None, values(old), values(new)]
    return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()


def words(rule: Rule) -> list[str]:
    """The effect of a rule, one sentence for each thing it does."""
    start = date_format(rule.starts_on, "DATE_FORMAT")
    found = [_musts(rule)] if rule.factors or rule.backup else []
    if found and rule.grace_days:
        found.append(
            ngettext(
                "It begins on %(start)s. For %(days)d more day whoever has less can go on and is reminded; then "
                "nothing but setting it up is open to them.",
                "It begins on %(start)s. For %(days)d more days whoever has less can go on and is reminded; then "
                "nothing but setting it up is open to them.",
                rule.grace_days,
            )
            % {"start": start, "days": rule.grace_days}
        )
    elif found:
        found.append(_("From %(start)s on nothing but setting it up is open to whoever has less.") % {"start": start})
    if rule.kinds:
        found.append(
            _(
                "From %(start)s on only these count: %(kinds)s. Others cannot be added, and applications refuse them; "
                "who has nothing else can still come in to the portal with one, to set up another."
            )
            % {"start": start, "kinds": ", ".join(labels(rule.kinds))}
        )
    if rule.activation_only:
        found.append(
            _("From %(start)s on the first factor is set up with an activation code from helpdesk only.")
            % {"start": start}
        )
    return found


def whom(rule: Rule) -> str:
    """Whom the rule concerns."""
    return _("Members of %(group)s") % {"group": rule.group.name} if rule.group else _("Everybody")


def _concerns(rule: Rule) -> str:
    return _("the members of %(group)s") % {"group": rule.group.name} if rule.group else _("everybody")


def is_weaker(old: Rule, new: Rule) -> bool:
    """Whether the change asks less of anybody, or later."""
    kinds_before, kinds_now = set(old.kinds), set(new.kinds)
    return (
        (old.group_id != new.group_id and new.group_id is not None)
        or new.factors < old.factors
        or (old.backup and not new.backup)
        or (old.activation_only and not new.activation_only)
        or (bool(kinds_before) and not (kinds_now and kinds_now <= kinds_before))
        or _in_force(new) > _in_force(old)
    )


def takes_two(old: Rule | None, new: Rule | None, *, actor: User, now: datetime) -> bool:
    """Whether a second person has to approve: a rule for everybody ends or gets weaker, or one for a group does and
    with it the actor asks less of more people than they may alone."""
    if old is None or not (new is None or is_weaker(old, new)):
        return False
    return old.group_id is None or asked_less.too_many(actor, _first_concerned(old), now=now)


def _first_concerned(rule: Rule) -> list[int]:
    """As many of the active people whom the rule concerns as stand for all of them."""
    found = User.objects.filter(policy.concerned(rule), is_active=True)
    return list(found.order_by("pk").values_list("pk", flat=True)[: asked_less.ENOUGH])


def matter(old: Rule, new: Rule | None, page: str) -> Matter:
    """What the second person is asked to approve."""
    if new is None:
        text = _("End the rule “%(name)s”, which concerns %(whom)s.") % {"name": old.name, "whom": _concerns(old)}
    else:
        before, after = values(old), values(new)
        names = {field.name: field.verbose_name for field in Rule._meta.fields}
        changed = "; ".join(
            f"{names[key]}: {before[key]} → {after[key]}" for key in before if before[key] != after[key]
        )
        text = _("Weaken the rule “%(name)s”, which concerns %(whom)s: %(changed)s") % {
            "name": old.name, "whom": _concerns(old), "changed": changed,
        }  # fmt: skip
    return Matter("rule.end" if new is None else "rule.change", digest(old, new), text, page, RIGHT)


@transaction.atomic
def save(new: Rule, *, seen: str, page: str, actor: User, reason: str, now: datetime) -> Rule:
    """Make the rule, or change the one with its key. `seen` is the digest of the change that was previewed. Raises
    ChangedMeanwhile, Clash, and `approvals.NotApproved` where it takes two people."""
    old = _locked(new.pk, actor) if new.pk else None
    if digest(old, new) != seen:
        raise ChangedMeanwhile
    if others := clashes(new):
        raise Clash(", ".join(other.name for other in others))
    if old is not None and takes_two(old, new, actor=actor, now=now):
        approvals.spend(matter(old, new, page), actor=actor, now=now)
    new.save()
    if old is not None and _in_force(old) != _in_force(new):
        Reminder.objects.filter(rule=new).delete()
    action = "rule.changed" if old else "rule.made"
    noted = _noted(old) if old is not None and is_weaker(old, new) else {}
    audit.record(
        action, user=None, actor=actor, reason=reason, rule=new.pk, old=values(old), new=values(new), **noted
    )  # fmt: skip
    return new


@transaction.atomic
def end(pk: int, *, page: str, actor: User, reason: str, now: datetime) -> None:
    """End a rule; it stays in the list. Raises ChangedMeanwhile where it has ended, and `approvals.NotApproved`."""
    old = _locked(pk, actor)
    if takes_two(old, None, actor=actor, now=now):
        approvals.spend(matter(old, None, page), actor=actor, now=now)
    Rule.objects.filter(pk=pk).update(ended_at=now)
    audit.record("rule.ended", user=None, actor=actor, reason=reason, rule=pk, old=values(old), **_noted(old))


def _noted(old: Rule) -> dict[str, object]:
    """For the audit trail: of whom less is asked."""
    return {asked_less.NOTED: _first_concerned(old)}


def _locked(pk: int, actor: User) -> Rule:
    """The rule, and its changer: what they do to several rules at once adds up."""
    found = Rule.objects.select_for_update(of=("self",)).select_related("group").filter(pk=pk, ended_at=None).first()
    if found is None:
        raise ChangedMeanwhile
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    return found


def _able(rule: Rule) -> set[str]:
    """The kinds the rule counts that people can manage on the portal."""
    in_use = kinds.registry()
    return {slug for slug in rule.kinds if slug in in_use and in_use[slug].alone}


def _in_force(rule: Rule) -> datetime:
    return policy.deadline_of(rule)


def _musts(rule: Rule) -> str:
    if not rule.factors:
        return _("%(whom)s must have recovery codes.") % {"whom": whom(rule)}
    if rule.backup:
        text = ngettext(
            "%(whom)s must have %(count)d second factor and recovery codes.",
            "%(whom)s must have %(count)d second factors and recovery codes.",
            rule.factors,
        )
    else:
        text = ngettext(
            "%(whom)s must have %(count)d second factor.", "%(whom)s must have %(count)d second factors.", rule.factors
        )
    return text % {"whom": whom(rule), "count": rule.factors}


def labels(slugs: list[str]) -> list[str]:
    """What kinds are called; one that is not in use goes by its slug."""
    in_use = kinds.registry()
    return [in_use[slug].marked_label if slug in in_use else slug for slug in slugs]
