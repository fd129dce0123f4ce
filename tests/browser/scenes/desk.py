"""The administration, and the inbox of a development machine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.directory import kept
from accounts.models import SyncAlarm, SyncProblem, SyncRun, User, WriteBack
from accounts.people import COLUMNS, Change, Person
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


@scene("admin:accounts_user_change", "of the directory, with a number at rest and an unusable one")
def one_person_of_the_directory(stage: Stage) -> None:
    as_admin(stage)
    known = people()
    earlier = timezone.now() - timedelta(days=3)
    run = SyncRun.objects.create(trigger="schedule", state="done", started_at=earlier, finished_at=earlier)
    add_report(run, known)
    User.objects.filter(pk=known[0].pk).update(
        phone="+4917012345678", phone_source="self", phone_confirmed_at=earlier,
        directory_id="0b4f1cd2-0000-4000-8000-00000000000a", directory_phone="+4915123456789",
        phone_next="+4915123456789", phone_next_at=timezone.now() + timedelta(hours=7), created_at=earlier,
        directory_dn="uid=ada,ou=analytical engines,ou=mathematics,ou=people,dc=a-rather-long-name,dc=example,dc=test",
    )  # fmt: skip
    stage.open(reverse("admin:accounts_user_change", args=[known[0].pk]))


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


@scene("admin:accounts_syncrun_changelist", "runs")
def runs(stage: Stage) -> None:
    admin = as_admin(stage)
    now = timezone.now()
    for number, state in enumerate(("done", "failed", "stopped", "running")):
        SyncRun.objects.create(state=state, trigger="admin", actor=admin, started_at=now - timedelta(hours=5 - number))
    SyncAlarm.objects.create(trouble="stopped", began_at=now - timedelta(hours=3), told=",stopped,")
    stage.open(reverse("admin:accounts_syncrun_changelist"))


def open_run(stage: Stage, page: str = "change", query: str = "", **columns: object) -> None:
    admin = as_admin(stage)
    run = SyncRun.objects.create(trigger="admin", actor=admin, **columns)
    known = people()
    if columns["state"] == SyncRun.State.DONE:
        add_report(run, known)
    elif columns["state"] == SyncRun.State.STOPPED:
        add_changes(run, known)
    stage.open(reverse(f"admin:accounts_syncrun_{page}", args=[run.pk]) + query)


def add_report(run: SyncRun, known: list[User]) -> None:
    add_changes(run, known)
    for user, value, reason in zip(
        known, ("n/a", "030 901820", "0151 1"), ("not_a_number", "landline", "too_short"), strict=False
    ):
        SyncProblem.objects.create(
            run=run, user=user, username=user.username, dn=f"uid={user.username},ou=people,dc=example,dc=test",
            attribute="mobile", value=value, reason=reason, suggestion="+4930901820" if reason == "landline" else "",
            rule="default region (DE)",
        )  # fmt: skip
    SyncRun.objects.filter(pk=run.pk).update(counts=run.counts | kept.counted(run))


def add_changes(run: SyncRun, known: list[User]) -> None:
    """Numbers, a name, a place, and somebody who left."""
    place = "uid={},ou=people,dc=example,dc=test"
    for user in known:
        User.objects.filter(pk=user.pk).update(directory_id=f"id-{user.pk}", directory_dn=place.format(user.username))
    before = {row[0]: Person(*row) for row in User.objects.values_list("pk", *COLUMNS)}
    changed: tuple[dict[str, Any], ...] = (
        {"phone": "+4915123456789", "phone_source": "directory"}, {"phone": "+4915123456780"}, {"name": "A New Name"},
        {"username": "somebody-else", "directory_dn": place.format("somebody-else")}, {"is_active": False},
    )  # fmt: skip
    changes = []
    for user, new in zip(known, changed, strict=False):
        old = before[user.pk]._replace(phone="+4917012345678", phone_source="self")
        changes.append(Change(old, old._replace(**new), "default region (DE)" if "phone" in new else ""))
    kept.keep(run, changes)
    SyncRun.objects.filter(pk=run.pk).update(counts=run.counts | kept.counted(run))


@scene("admin:accounts_syncrun_change", "in progress")
def run_in_progress(stage: Stage) -> None:
    open_run(stage, state="running", step="reading", progress_done=420, progress_total=1000)


@scene("admin:accounts_syncrun_change", "finished with problems")
def run_finished(stage: Stage) -> None:
    counts = {"read": 1000, "created": 12, "updated": 7, "deactivated": 1, "unchanged": 980, "problems": 3}
    open_run(stage, state="done", finished_at=timezone.now(), counts=counts)


@scene("admin:accounts_syncrun_change", "unusable values")
def run_unusable(stage: Stage) -> None:
    open_run(stage, query="?view=unusable", state="done", finished_at=timezone.now())


STOPPED: dict[str, Any] = {
    "state": "stopped", "plan_digest": "d", "counts": {"entries": 788, "deactivated": 212, "guard": "people_lost"},
    "message": "Stopped before any change. 212 of 1000 people would be deactivated because the directory does not show "
    "them. At most 50 may in one run (SYNC_MAX_PEOPLE_LOST=5%, 10).",
}  # fmt: skip


@scene("admin:accounts_syncrun_change", "stopped by a guard")
def run_stopped(stage: Stage) -> None:
    open_run(stage, finished_at=timezone.now(), **STOPPED)


@scene("admin:accounts_syncrun_confirm", "asks for the reason")
def run_confirmed(stage: Stage) -> None:
    open_run(stage, "confirm", finished_at=timezone.now(), **STOPPED)


@scene("admin:accounts_syncrun_undo", "preview")
def run_undone(stage: Stage) -> None:
    open_run(stage, state="done", finished_at=timezone.now())
    run = SyncRun.objects.latest("pk")
    User.objects.filter(username="ada").update(phone="+4915123456789", phone_source="directory")
    stage.open(reverse("admin:accounts_syncrun_undo", args=[run.pk]))


@scene("admin:accounts_syncrun_charts", "forty runs")
def run_history(stage: Stage) -> None:
    as_admin(stage)
    start = timezone.now() - timedelta(days=40)
    for number in range(40):
        begun = start + timedelta(days=number)
        counts = {"people": 900 + 3 * number, "problems": 40 - number // 2, "updated": number * 7 % 23}
        SyncRun.objects.create(
            trigger="schedule", state="failed" if number % 13 == 9 else "done", started_at=begun,
            finished_at=begun + timedelta(seconds=4 + number % 5), counts={} if number % 13 == 9 else counts,
        )  # fmt: skip
    stage.open(reverse("admin:accounts_syncrun_charts"))


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


def number_for_the_directory(state: str = "refused") -> WriteBack:
    owner = with_phone(username="ada", name="Ada Lovelace")
    answer = "The directory said no: the account that writes has no right to change mobile."
    return WriteBack.objects.create(user=owner, e164=owner.phone, state=state, answer=answer, attempts=1)


@scene("admin:accounts_writeback_changelist", "one refused")
def write_backs(stage: Stage) -> None:
    as_admin(stage)
    number_for_the_directory()
    stage.open(reverse("admin:accounts_writeback_changelist"))


@scene("admin:accounts_writeback_change", "refused")
def write_back(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_writeback_change", args=[number_for_the_directory().pk]))
    stage.reads("Try again")


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
