"""The administration's pages about who must have what, and about what takes two people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from mfa import approvals, exemptions
from mfa.models import Approval, Exemption, Rule
from tests.browser.scenes.desk import as_admin, ask, people
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, app_of, give_app, person
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


@scene("admin:mfa_approval_change", "nobody else may decide")
def approval_alone(stage: Stage) -> None:
    stage.open(reverse("admin:mfa_approval_change", args=[ask_approval(as_admin(stage)).pk]))
    stage.reads("Nobody else may decide this")


def rule(**columns: Any) -> Rule:
    today = timezone.localdate()
    given = {"name": "Everybody has a second factor", "starts_on": today + timedelta(days=10), "grace_days": 14}
    return Rule.objects.create(**(given | columns))


def preview(changed: Rule | None = None, **fields: Any) -> str:
    start = timezone.localdate() + timedelta(days=3)
    given: dict[str, Any] = {
        "name": "Everybody has an app",
        "starts_on": start.isoformat(),
        "grace_days": 14,
        "factors": 2,
        "backup": "on",
    }
    given |= {"kinds": "totp", "activation_only": "on"} | fields
    if changed:
        given["rule"] = changed.pk or 0
    return reverse("admin:mfa_rule_preview") + "?" + urlencode(given)


@scene("admin:mfa_rule_changelist", "two")
def rules_list(stage: Stage) -> None:
    as_admin(stage)
    rule()
    rule(name="Helpdesk has an app", group=Group.objects.get(name="helpdesk"), kinds=["totp"])
    stage.open(reverse("admin:mfa_rule_changelist"))


@scene("admin:mfa_rule_add", "empty")
def rule_new(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_rule_add"))


@scene("admin:mfa_rule_preview", "errors")
def rule_errors(stage: Stage) -> None:
    as_admin(stage)
    stage.open(preview(name="", factors="0", kinds="", backup="", activation_only=""))
    stage.page.locator(".field-error").first.wait_for()


@scene("admin:mfa_rule_preview", "who would be locked out")
def rule_preview(stage: Stage) -> None:
    as_admin(stage)
    people()
    stage.open(preview())
    stage.reads("Who would be locked out")


@scene("admin:mfa_rule_preview", "weaker")
def rule_weaker(stage: Stage) -> None:
    as_admin(stage)
    people()
    stage.open(preview(rule(starts_on=timezone.localdate(), factors=2, backup=True)))
    stage.reads("a second admin has to approve it")


@scene("admin:mfa_rule_change", "how far")
def rule_page(stage: Stage) -> None:
    admin = as_admin(stage)
    known = people()
    last = timezone.localdate() + timedelta(days=40)
    exemptions.grant(known[5], last, actor=admin, reason="On leave", now=timezone.now())
    stage.open(reverse("admin:mfa_rule_change", args=[rule().pk]))
    stage.reads("How far people have come")


@scene("admin:mfa_rule_edit", "filled")
def rule_edit(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_rule_edit", args=[rule(kinds=["totp"]).pk]))


@scene("admin:mfa_rule_end", "takes two")
def rule_end(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_rule_end", args=[rule().pk]))
    stage.reads("Ask a second person")


def exempt(stage: Stage) -> Exemption:
    admin = as_admin(stage)
    last = timezone.localdate() + timedelta(days=40)
    user = people()[5]
    return exemptions.grant(user, last, actor=admin, reason="On leave", now=timezone.now())


@scene("admin:mfa_exemption_changelist", "one")
def exemptions_list(stage: Stage) -> None:
    exempt(stage)
    stage.open(reverse("admin:mfa_exemption_changelist"))


@scene("admin:mfa_exemption_change", "one exemption")
def exemption(stage: Stage) -> None:
    stage.open(reverse("admin:mfa_exemption_change", args=[exempt(stage).pk]))


@scene("admin:accounts_user_act", "required from a day on, and who would be locked out then")
def require_from_a_day(stage: Stage) -> None:
    admin, day, known = as_admin(stage), timezone.localdate() + timedelta(days=20), people()
    exemptions.grant(known[4], day, actor=admin, reason="On leave", now=timezone.now())
    ask(stage, "require", known[2:6])
    stage.page.get_by_label("From").fill(day.isoformat())
    stage.press("See who would be locked out then")
    stage.reads("Still exempt on that day")


@scene("admin:accounts_user_act", "exempt until a day")
def exempt_act(stage: Stage) -> None:
    as_admin(stage)
    ask(stage, "exempt", people()[3:5])


@scene("admin:accounts_user_act", "exempt more people than an admin alone may")
def exempt_many(stage: Stage) -> None:
    as_admin(stage)
    ask(stage, "exempt", [person(f"ward-{number}", name=f"Ward {number}") for number in range(11)])
    stage.reads("so it takes a second admin")


@scene("admin:accounts_user_change", "exempt, rules explained")
def exempt_person(stage: Stage) -> None:
    row = exempt(stage)
    rule()
    rule(name="No SMS", starts_on=timezone.localdate() - timedelta(days=30), kinds=["totp"], activation_only=True)
    stage.open(reverse("admin:accounts_user_change", args=[row.user.pk]))
    stage.reads("lifted by the exemption")


@scene("dashboard", "within the grace of a rule")
def within_grace(stage: Stage) -> None:
    user = person()
    give_app(user)
    rule(starts_on=timezone.localdate(), factors=2, backup=True)
    stage.let_in(user)
    stage.open("/")
    stage.reads("Your organisation asks for more by")


@scene("enrol", "one more is missing")
def one_more(stage: Stage) -> None:
    user = person(created_at=timezone.now() - timedelta(days=90))
    give_app(user)
    rule(starts_on=timezone.localdate() - timedelta(days=30), factors=2)
    stage.let_in(user)
    stage.open("/")
    stage.reads("1 second factor is missing.")


@scene("totp:remove", "asked for soon")
def removed_before_rule(stage: Stage) -> None:
    user = person()
    give_app(user)
    rule()
    stage.let_in(user)
    stage.open(reverse("totp:remove", args=[app_of(user).pk]))
    stage.reads("You will need one soon")


@scene("admin:accounts_user_act", "change the role")
def act_role(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_user_act", args=["role"]) + f"?people={people()[0].pk}")
    stage.reads("takes a second admin, who approves exactly that")


@scene("admin:accounts_user_act", "a role that takes a second admin")
def act_role_admin(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_user_act", args=["role"]) + f"?people={people()[0].pk}&role=admin")
    stage.reads("makes sure that the account is in the hands of that person")


@scene("admin:mfa_rule_end", "for a group of more than a few")
def end_group_rule(stage: Stage) -> None:
    as_admin(stage)
    group = Group.objects.create(name="ward staff")
    group.user_set.set([person(f"ward-{number}", name=f"Ward {number}") for number in range(11)])
    stage.open(reverse("admin:mfa_rule_end", args=[rule(name="Wards", group=group).pk]))
    stage.reads("asks less of more than 10 people, so a second admin has to approve it")
