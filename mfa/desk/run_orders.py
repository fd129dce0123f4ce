"""What an admin decides about a run: to apply the plan that a guard stopped, and to take a run back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from celery import current_app
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _, gettext_lazy
from kombu.exceptions import ChannelError, OperationalError

from accounts.directory import guards, undo
from accounts.directory.life import SILENT_TOO_LONG
from accounts.models import SyncRun, User
from mfa import audit
from mfa.desk.forms import LineField

SYNC, UNDO = "accounts.tasks.sync_directory", "accounts.tasks.undo_run"
UNREACHABLE = gettext_lazy(
    "Nothing was started: the queue of jobs is out of reach. Check that the message broker runs, then try again."
)
BUSY = gettext_lazy("A run is going on. Wait until it is over.")


@dataclass(frozen=True, slots=True)
class Order:
    """One decision: its address, its words, what it is called in the audit trail, and its job."""

    slug: str
    label: str | Promise
    explained: str | Promise
    action: str
    task: str
    argument: str


CONFIRM = Order(
    "confirm", gettext_lazy("Apply this plan all the same"),
    gettext_lazy(
        "The directory is read again. If it still gives exactly this plan, all of it is written, once; if anything "
        "changed meanwhile, nothing is written and you see the new plan."
    ),
    "sync.confirmed", SYNC, "confirms_id",
)  # fmt: skip
TAKE_BACK = Order(
    "undo", gettext_lazy("Undo this run"),
    gettext_lazy(
        "Everything that this run changed and that nobody changed since gets its former value. People whose number "
        "changes are told, as always. The undo is a run of its own and can be undone too."
    ),
    "sync.undone", UNDO, "run_id",
)  # fmt: skip


class ReasonForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"), max_length=500,
        error_messages={"required": gettext_lazy("Say why; it is kept in the audit trail.")},
        help_text=gettext_lazy("Kept in the audit trail; at most 500 characters."),
    )  # fmt: skip


def refused(order: Order, run: SyncRun) -> str:
    """Why the order makes no sense for this run; empty where it does."""
    return _cannot_confirm(run) if order is CONFIRM else _cannot_undo(run)


def _cannot_confirm(run: SyncRun) -> str:
    if run.state != SyncRun.State.STOPPED or not run.plan_digest:
        return _("Only a run that a guard stopped has a plan to apply.")
    if run.counts.get("guard") in guards.NEVER_OVERRULED:
        return _("A directory that shows nobody is never believed. Correct the directory or its settings, then sync.")
    if run.confirmations.filter(state__in=[SyncRun.State.RUNNING, SyncRun.State.DONE]).exists():
        return _("This plan was applied already.")
    return ""


def _cannot_undo(run: SyncRun) -> str:
    if run.state == SyncRun.State.RUNNING:
        return str(BUSY)
    return "" if undo.possible(run) else _("This run changed nobody: there is nothing to undo.")


def related(run: SyncRun) -> dict[str, Any]:
    """The runs that confirm or undo this one, and what may be decided about it."""
    return {
        "confirmations": run.confirmations.order_by("pk"), "undone_by": run.undone_by.order_by("pk"),
        "may_confirm": not _cannot_confirm(run), "may_undo": not _cannot_undo(run),
    }  # fmt: skip


def ask_workers(task: str, **arguments: object) -> bool:
    """Hand a job to the workers; False where the broker is out of reach."""
    try:
        current_app.send_task(task, kwargs=arguments)
    except (OperationalError, ChannelError, OSError):
        return False
    return True


def at_work() -> SyncRun | None:
    """The run that goes on now."""
    alive = timezone.now() - SILENT_TOO_LONG
    return SyncRun.objects.filter(state=SyncRun.State.RUNNING, heartbeat_at__gt=alive).first()


def awaited_url() -> str:
    """The page that waits for the run that has just been asked for."""
    since = str(timezone.now().timestamp())
    return f"{reverse('admin:accounts_syncrun_started')}?{urlencode({'since': since})}"


def page(request: HttpRequest, order: Order, run: SyncRun, outlook: Callable[[], dict[str, Any]]) -> HttpResponse:
    """GET asks for the reason, with what the order would do (`outlook`); POST gives the job to the workers."""
    form = ReasonForm(request.POST or None)
    why_not = refused(order, run) or (str(BUSY) if at_work() else "")
    if request.method == "POST" and not why_not and form.is_valid():
        answer = _give(order, run, cast(User, request.user), form.cleaned_data["reason"])
        if answer:
            return answer
        why_not = str(UNREACHABLE)
    context = outlook() | {"order": order, "run": run, "form": form, "refused": why_not, "title": order.label}
    status = 422 if form.errors else 409 if request.method == "POST" else 200
    return TemplateResponse(request, f"admin/desk/run_{order.slug}.html", context, status=status)


def _give(order: Order, run: SyncRun, actor: User, reason: str) -> HttpResponse | None:
    url = awaited_url()
    arguments: dict[str, object] = {"trigger": "admin", "actor_id": actor.pk, order.argument: run.pk}
    if not ask_workers(order.task, **arguments):
        return None
    audit.record(order.action, user=None, actor=actor, reason=reason, run=run.pk)
    return redirect(url)
