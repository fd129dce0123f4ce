"""The administration's pages about who must have what, and about what takes two people."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa import approvals
from mfa.models import Approval
from tests.browser.scenes.desk import as_admin
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, person
from tests.mfa.doors import give_role

MATTER = approvals.Matter(
    "rule.end", "1", "End the rule “Everybody has a second factor”, which concerns everybody.",
    "/admin/", "mfa.change_policy",
)  # fmt: skip


def ask_approval(actor: User) -> Approval:
    now = timezone.now() - timedelta(minutes=3)
    return approvals.ask(MATTER, actor=actor, reason="The help line is closed until Monday", now=now)


def colleague() -> User:
    return give_role(person("jo", name="Jo Colleague"), "admin")


@scene("admin:mfa_approval_changelist", "one waits")
def approvals_list(stage: Stage) -> None:
    as_admin(stage)
    ask_approval(colleague())
    stage.open(reverse("admin:mfa_approval_changelist"))


@scene("admin:mfa_approval_change", "to decide")
def approval(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_approval_change", args=[ask_approval(colleague()).pk]))
    stage.reads("Approve")


@scene("admin:mfa_approval_change", "own and approved")
def approval_own(stage: Stage) -> None:
    row = ask_approval(as_admin(stage))
    approvals.decide(row.pk, True, actor=colleague(), now=timezone.now())
    stage.open(reverse("admin:mfa_approval_change", args=[row.pk]))
    stage.reads("Go on")
