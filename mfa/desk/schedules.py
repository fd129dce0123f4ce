"""The schedules of recurring jobs, as django-celery-beat keeps them, with the portal's rules.

Only jobs that exist, only the schedules people understand, and every change in the audit trail.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _, gettext_lazy
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)

from accounts.models import User
from mfa import audit
from mfa.desk.readonly import Offered
from mfa.health import words


class Audited(Offered):
    """Writes the audit trail instead of Django's own log."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, "added", obj)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, "changed", obj, what=_fields(message))

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._record(request, "deleted", obj)

    def _record(self, request: HttpRequest, verb: str, obj: Model, what: Sequence[str] = ()) -> None:
        audit.record(
            f"schedule.{verb}", user=None, actor=cast(User, request.user), table=obj._meta.model_name, pk=obj.pk,
            name=str(obj)[:200], what=list(what),
        )  # fmt: skip

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None without the change right: Django offers a package's own actions to whoever may look."""
        return super().get_actions(request) if self.has_change_permission(request) else {}


def _fields(message: Any) -> list[str]:
    """The names of the changed fields out of Django's change message."""
    changed = [part["changed"].get("fields", []) for part in message if isinstance(part, dict) and "changed" in part]
    return [str(name) for names in changed for name in names]


class JobForm(PeriodicTaskForm):  # type: ignore[misc]
    """`task` is one that the workers know."""

    regtask = None
    task = forms.ChoiceField(label=gettext_lazy("Job"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            cast(forms.ChoiceField, self.fields["task"]).choices = [(name, name) for name in self._known()]

    def clean(self) -> Any:
        """The package's own check expects a job; without one the field has its error already."""
        return super().clean() if "task" in self.cleaned_data else self.cleaned_data

    def clean_args(self) -> str:
        """By name only: a place in a row could be any argument."""
        text = str(super().clean_args())
        if json.loads(text) != []:
            raise forms.ValidationError(_("Name the arguments in the field below; leave [] here."))
        return text

    def clean_kwargs(self) -> str:
        """A schedule acts for nobody: else a run, and the audit trail, could name whoever the writer likes."""
        text = str(super().clean_kwargs())
        named = json.loads(text)
        if not isinstance(named, dict) or "actor_id" in named:
            raise forms.ValidationError(_("Write {} or arguments by their names, without a person to act for."))
        return text

    def _known(self) -> Sequence[str]:
        app = PeriodicTaskAdmin.celery_app
        app.loader.import_default_modules()
        own = {name for name in app.tasks if not name.startswith("celery.")}
        return sorted(own | ({self.instance.task} if self.instance.task else set()))


class JobAdmin(Audited, PeriodicTaskAdmin):  # type: ignore[misc]
    form = JobForm
    change_list_template = "admin/desk/schedule_list.html"
    change_form_template = "admin/change_form.html"
    date_hierarchy = None
    list_display = ("shown_name", "shown_job", "schedule_in_words", "enabled", "shown_run")
    list_filter = ("enabled",)
    search_fields = ("name", "task")
    fieldsets = (
        (None, {"fields": ("name", "task", "enabled", "description")}),
        (gettext_lazy("Schedule: one of the two"), {"fields": ("interval", "crontab", "last_run_at")}),
        (gettext_lazy("Arguments"), {"fields": ("args", "kwargs")}),
    )
    readonly_fields = ("last_run_at",)
    actions = ("switch_on", "switch_off")

    @admin.display(description=gettext_lazy("job"), ordering="task")
    def shown_job(self, task: Any) -> str:
        return str(task.task)

    @admin.display(description=gettext_lazy("last run"), ordering="last_run_at")
    def shown_run(self, task: Any) -> Any:
        return task.last_run_at

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def shown_name(self, task: Any) -> str:
        return words.schedule(task.name)

    @admin.display(description=gettext_lazy("schedule"))
    def schedule_in_words(self, task: Any) -> str:
        return str(task.interval or task.crontab.human_readable)

    @admin.action(description=gettext_lazy("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, tasks: QuerySet[Any]) -> None:
        self._switch(request, tasks, enabled=True)

    @admin.action(description=gettext_lazy("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, tasks: QuerySet[Any]) -> None:
        self._switch(request, tasks, enabled=False)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Under the name that the navigation has for them; the package calls them periodic tasks."""
        named = {"title": _("Schedule") if object_id else _("New schedule"), "list_name": _("Schedules")}
        return super().changeform_view(request, object_id, form_url, named | (extra_context or {}))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {"list_name": _("Schedules")} | (extra_context or {}))

    def _switch(self, request: HttpRequest, tasks: QuerySet[Any], *, enabled: bool) -> None:
        chosen = list(tasks)
        tasks.update(enabled=enabled)
        PeriodicTasks.update_changed()
        for task in chosen:
            self._record(request, "switched-on" if enabled else "switched-off", task)
        messages.success(request, _("Done."))


class CrontabAdmin(Audited):
    list_display = ("human_readable", "timezone")
    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone")


class IntervalAdmin(Audited):
    list_display = ("__str__",)
    fields = ("every", "period")


def register(site: AdminSite) -> None:
    """Put these in the place of the package's own pages."""
    for model in (PeriodicTask, CrontabSchedule, IntervalSchedule, SolarSchedule, ClockedSchedule):
        if site.is_registered(model):
            site.unregister(model)
    site.register(PeriodicTask, JobAdmin)
    site.register(CrontabSchedule, CrontabAdmin)
    site.register(IntervalSchedule, IntervalAdmin)
