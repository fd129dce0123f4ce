"""The administration, and the inbox of a development machine."""

from __future__ import annotations

from datetime import timedelta

from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import SyncAlarm, SyncChange, SyncProblem, SyncRun, User
from mfa import limits
from mfa.models import AuditEvent, GuessCounter, Policy
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
    GuessCounter.objects.create(subject=limits.of_account(user), failures={"totp": [100, timezone.now().timestamp()]})
    stage.open(reverse("admin:accounts_user_change", args=[user.pk]))


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
    stage.press("Reset all factors")
    stage.page.locator(".field-error").first.wait_for()


@scene("admin:accounts_user_act", "activation code shown")
def activation_code(stage: Stage) -> None:
    as_admin(stage)
    ask(stage, "activate", people()[3:4])
    stage.type("Reason", "lost phone, came to the desk")
    for box in stage.page.locator("form.form select").all():
        box.select_option(index=1)
    stage.press("Issue an activation code")
    stage.reads("Shown this once.")


@scene("admin:accounts_syncrun_changelist", "runs")
def runs(stage: Stage) -> None:
    admin = as_admin(stage)
    now = timezone.now()
    for number, state in enumerate(("done", "failed", "stopped", "running")):
        SyncRun.objects.create(state=state, trigger="admin", actor=admin, started_at=now - timedelta(hours=5 - number))
    SyncAlarm.objects.create(trouble="stopped", began_at=now - timedelta(hours=3), told=",stopped,")
    stage.open(reverse("admin:accounts_syncrun_changelist"))


def open_run(stage: Stage, **columns: object) -> None:
    admin = as_admin(stage)
    run = SyncRun.objects.create(trigger="admin", actor=admin, **columns)
    known = people()
    if columns["state"] == SyncRun.State.DONE:
        add_report(run, known)
    stage.open(reverse("admin:accounts_syncrun_change", args=[run.pk]))


def add_report(run: SyncRun, known: list[User]) -> None:
    SyncChange.objects.create(
        run=run, user=known[0], kind="updated", old={"phone": ""}, new={"phone": "+4915123456789"}
    )
    SyncChange.objects.create(run=run, user=known[1], kind="deactivated")
    for user, value, reason in zip(
        known, ("n/a", "030 901820", "0151 1"), ("not_a_number", "landline", "too_short"), strict=False
    ):
        SyncProblem.objects.create(
            run=run, user=user, username=user.username, dn=f"uid={user.username},ou=people,dc=example,dc=test",
            attribute="mobile", value=value, reason=reason, suggestion="+4930901820" if reason == "landline" else "",
            rule="default region (DE)",
        )  # fmt: skip


@scene("admin:accounts_syncrun_change", "in progress")
def run_in_progress(stage: Stage) -> None:
    open_run(stage, state="running", step="reading", progress_done=420, progress_total=1000)


@scene("admin:accounts_syncrun_change", "finished with problems")
def run_finished(stage: Stage) -> None:
    counts = {"read": 1000, "created": 12, "updated": 7, "deactivated": 1, "unchanged": 980, "problems": 3}
    open_run(stage, state="done", finished_at=timezone.now(), counts=counts)


@scene("admin:accounts_syncrun_change", "stopped by a guard")
def run_stopped(stage: Stage) -> None:
    message = "212 of 1000 people would be deactivated; at most 5 % may be. Nothing was changed."
    open_run(stage, state="stopped", finished_at=timezone.now(), message=message)


@scene("admin:accounts_syncproblem_changelist", "some")
def unusable_values(stage: Stage) -> None:
    admin = as_admin(stage)
    add_report(SyncRun.objects.create(trigger="admin", actor=admin, state="done"), people())
    stage.open(reverse("admin:accounts_syncproblem_changelist"))


@scene("admin:accounts_syncrun_started", "waiting for a worker")
def run_awaited(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_syncrun_started") + f"?since={timezone.now().timestamp()}")


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
