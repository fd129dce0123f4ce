"""The administration, and the inbox of a development machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa import activation, enrolment, limits
from mfa.models import Application, Approval, AuditEvent, GuessCounter, OneTimeCode, Policy
from mfa.outcomes import OATH_INCORRECT
from mfa.verification import log
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, give_app, person, work_off_outbox
from tests.mfa.doors import give_role

NAMES = ("Ada Lovelace", "Grace Hopper", "Emmy Noether", "Lise Meitner", "Sophie Germain", "Mary Somerville")


def as_admin(stage: Stage, role: str = "admin") -> User:
    admin = person("root", name="Robin Admin")
    give_app(admin)
    admin = give_role(admin, role)
    stage.let_in(admin)
    return admin


def people() -> list[User]:
    known = [person(name.split()[0].lower(), name=name) for name in NAMES]
    for user in known[:3]:
        give_app(user)
    Policy.objects.update_or_create(user=known[1], defaults={"required": True})
    return known


def open_list(stage: Stage, model: str) -> None:
    as_admin(stage)
    people()
    stage.open(reverse(f"admin:{model}_changelist"))


@scene("admin:index", "admin")
def index(stage: Stage) -> None:
    as_admin(stage)
    stage.open("/admin/")


@scene("admin:index", "helpdesk")
def index_helpdesk(stage: Stage) -> None:
    as_admin(stage, "helpdesk")
    stage.open("/admin/")


@scene("admin:accounts_user_changelist", "people")
def people_list(stage: Stage) -> None:
    open_list(stage, "accounts_user")


@scene("admin:accounts_user_changelist", "nobody found")
def people_not_found(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_user_changelist") + "?q=nobody+of+this+name")


@scene("admin:accounts_user_change", "locked, with factors")
def one_person(stage: Stage) -> None:
    as_admin(stage)
    user = with_phone()
    give_app(user)
    failures = {"totp": [100, timezone.now().timestamp()]}
    GuessCounter.objects.update_or_create(subject=limits.of_account(user), defaults={"failures": failures})
    log.write(user, user.username, OATH_INCORRECT, application="portal", address="", now=timezone.now(), kind="totp")
    stage.open(reverse("admin:accounts_user_change", args=[user.pk]))


@scene("admin:accounts_user_change", "an activation code ended with its mailbox")
def one_person_who_moved(stage: Stage) -> None:
    admin, now = as_admin(stage), timezone.now()
    moved = people()[3]
    enrolment.reset(moved, actor=admin, reason="Lost phone", now=now)
    activation.issue(moved, actor=admin, reason="Lost phone", now=now)
    OneTimeCode.objects.filter(user=moved).update(kind="email")
    with transaction.atomic():
        activation.end_sent([moved.pk], ["email"], now=now)
    stage.open(reverse("admin:accounts_user_change", args=[moved.pk]))
    stage.reads("The activation code has ended")


@scene("admin:accounts_user_add", "empty")
def add_person(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_user_add"))


@scene("admin:accounts_user_add", "errors")
def add_person_errors(stage: Stage) -> None:
    add_person(stage)
    stage.page.locator(
        "main button[type=submit], #content button[type=submit], #content input[type=submit]"
    ).first.click()
    stage.page.locator(".field-error, .errorlist").first.wait_for()


def ask(stage: Stage, slug: str, who: list[User]) -> None:
    chosen = ",".join(str(user.pk) for user in who)
    stage.open(reverse("admin:accounts_user_act", args=[slug]) + f"?people={chosen}")


@scene("admin:accounts_user_act", "reset, preview")
def reset(stage: Stage) -> None:
    admin = as_admin(stage)
    ask(stage, "reset", [*people()[:3], admin])


@scene("admin:accounts_user_act", "reset without reason")
def reset_without_reason(stage: Stage) -> None:
    reset(stage)
    stage.press("Ask a second person")
    stage.page.locator(".field-error").first.wait_for()


@scene("admin:accounts_user_act", "reset, approved by a second person")
def reset_approved(stage: Stage) -> None:
    agent, someone = as_admin(stage, "helpdesk"), people()[0]
    Approval.objects.create(
        act="reset", subject="", words="Reset all factors", page="", right="", user=someone, asked_by=agent,
        reason="Lost phone", asked_at=timezone.now(), expires_at=timezone.now() + timedelta(hours=1), state="approved",
    )  # fmt: skip
    ask(stage, "reset", [someone])
    stage.reads("A second person approved it.")


@scene("admin:accounts_user_act", "activation code to hand over")
def to_hand_over(stage: Stage) -> None:
    as_admin(stage, "helpdesk")
    user = with_phone()
    enrolment.reset(user, actor=None, reason="Lost phone", now=timezone.now())
    ask(stage, "activate", [user])
    stage.reads("How does the code reach the person?")


@scene("admin:accounts_user_act", "activation code shown")
def activation_code(stage: Stage) -> None:
    as_admin(stage)
    ask(stage, "activate", people()[3:4])
    stage.type("Reason", "lost phone, came to the desk")
    stage.type("Ticket", "INC-7")
    stage.page.locator("select[name=identity]").select_option(index=1)
    stage.press("Issue an activation code")
    stage.reads("Shown this once.")


STOPPED: dict[str, Any] = {
    "state": "stopped", "plan_digest": "d", "counts": {"entries": 788, "deactivated": 212, "guard": "people_lost"},
    "message": "Stopped before any change. 212 of 1000 people would be deactivated because the directory does not show "
    "them. At most 50 may in one run (SYNC_MAX_PEOPLE_LOST=5%, 10).",
}  # fmt: skip


@scene("admin:mfa_auditevent_changelist", "trail")
def trail(stage: Stage) -> None:
    open_list(stage, "mfa_auditevent")


@scene("admin:mfa_auditevent_change", "one event")
def trail_event(stage: Stage) -> None:
    as_admin(stage)
    event = AuditEvent.objects.latest("pk")
    stage.open(reverse("admin:mfa_auditevent_change", args=[event.pk]))


@scene("admin:mfa_authenticationrecord_changelist", "empty")
def authentication_log(stage: Stage) -> None:
    open_list(stage, "mfa_authenticationrecord")


@scene("admin:mfa_delivery_changelist", "outbox")
def outbox(stage: Stage) -> None:
    open_list(stage, "mfa_delivery")


@scene("admin:django_celery_beat_periodictask_changelist", "schedules")
def schedules(stage: Stage) -> None:
    open_list(stage, "django_celery_beat_periodictask")


@scene("inbox", "letters")
def inbox(stage: Stage) -> None:
    give_app(person())
    work_off_outbox()
    with override_settings(DEBUG=True):
        stage.open("/inbox/")


@scene("inbox", "empty")
def inbox_empty(stage: Stage) -> None:
    with override_settings(DEBUG=True):
        stage.open("/inbox/")


@scene("admin:accounts_user_act", "give a temporary access code")
def act_temporary(stage: Stage) -> None:
    as_admin(stage, "helpdesk")
    Application.objects.create(slug="vpn", name="VPN of the main office")
    Application.objects.create(slug="wiki", name="Wiki")
    stage.open(reverse("admin:accounts_user_act", args=["temporary"]) + f"?people={person('ada').pk}")


@scene("admin:accounts_user_caller", "a code is on its way")
def caller(stage: Stage) -> None:
    as_admin(stage, "helpdesk")
    user = with_phone()
    stage.open(reverse("admin:accounts_user_caller", args=[user.pk]))
    stage.page.locator("button[name=to]").first.click()


@scene("admin:accounts_user_act", "a reset that takes more than one word")
def act_reset_vouched(stage: Stage) -> None:
    as_admin(stage, "helpdesk")
    user = with_phone()
    give_app(user)
    stage.open(reverse("admin:accounts_user_act", args=["reset"]) + f"?people={user.pk}")
