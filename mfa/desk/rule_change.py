"""Deciding about a rule: the reason, the second person where it takes two, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import approvals, asked_less, rules
from mfa.desk.rule_forms import RuleForm
from mfa.desk.run_orders import ReasonForm
from mfa.models import Rule


@dataclass(frozen=True, slots=True)
class Change:
    """The rule as it is and as it is wanted (None: no rule), and the page that shows this change again."""

    old: Rule | None
    wanted: Rule | None
    page: str

    @property
    def few(self) -> int:
        """Of how many people the change may ask less by one admin alone; 0 where the number decides nothing."""
        if self.old is None or self.old.group_id is None:
            return 0
        return asked_less.FEW if self.wanted is None or rules.is_weaker(self.old, self.wanted) else 0

    def matter(self, actor: User, *, now: datetime) -> approvals.Matter | None:
        """What a second person has to approve; None where the actor is enough."""
        if self.old is None or not rules.takes_two(self.old, self.wanted, actor=actor, now=now):
            return None
        return rules.matter(self.old, self.wanted, self.page)


def page_of(form: RuleForm, old: Rule | None) -> str:
    """The address of the preview with just what the form holds."""
    given = form.cleaned_data
    fields: dict[str, Any] = {name: value for name, value in given.items() if value not in (None, False, "", [])}
    fields["group"] = given["group"].pk if given["group"] else ""
    fields["starts_on"] = given["starts_on"].isoformat()
    fields |= {"rule": old.pk if old else "", "factors": given["factors"], "grace_days": given["grace_days"]}
    return reverse("admin:mfa_rule_preview") + "?" + urlencode(fields, doseq=True)


def context(request: HttpRequest, change: Change, *, now: datetime) -> dict[str, Any]:
    """The lower part of the page: the reason, and how it stands with the second person."""
    actor = cast(User, request.user)
    matter = change.matter(actor, now=now)
    found = approvals.find(matter, actor=actor, now=now) if matter else None
    form = ReasonForm(request.POST or None, initial={"reason": found.reason if found else ""})
    return {
        "form": form, "takes_two": matter is not None, "approval": found,
        "approved": found is not None and found.state == found.State.APPROVED,
        "seen": rules.digest(change.old, change.wanted), "page": change.page, "few": change.few,
    }  # fmt: skip


def answer(request: HttpRequest, change: Change) -> HttpResponse | None:
    """What a POST leads to; None where the page is to be shown, with what is wrong."""
    form = ReasonForm(request.POST)
    if request.method != "POST" or not form.is_valid():
        return None
    actor, reason, now = cast(User, request.user), form.cleaned_data["reason"], timezone.now()
    matter = change.matter(actor, now=now)
    if matter and request.POST.get("do") == "ask":
        row = approvals.ask(matter, actor=actor, reason=reason, now=now)
        messages.success(request, _("A second person was asked. You will find it here once it is approved."))
        return redirect("admin:mfa_approval_change", row.pk)
    try:
        return _done(request, change, actor, reason, now)
    except approvals.NotApproved:
        messages.warning(request, _("Nothing was saved: a second person has to approve it first."))
    except rules.Clash as clash:
        text = _("Nothing was saved: some people would have no kind left to set up, because of the rule %(names)s.")
        messages.warning(request, text % {"names": clash})
    except rules.ChangedMeanwhile:
        messages.warning(request, _("Nothing was saved: the rule was changed meanwhile. Look at it as it is now."))
    return None


def _done(request: HttpRequest, change: Change, actor: User, reason: str, now: datetime) -> HttpResponse:
    if change.wanted is None:
        rules.end(cast(Rule, change.old).pk, page=change.page, actor=actor, reason=reason, now=now)
        messages.success(request, _("The rule has ended."))
        return redirect("admin:mfa_rule_changelist")
    seen = request.POST.get("seen", "")
    saved = rules.save(change.wanted, seen=seen, page=change.page, actor=actor, reason=reason, now=now)
    messages.success(request, _("The rule is saved. It holds from now on, in open sessions too."))
    return redirect("admin:mfa_rule_change", saved.pk)
