"""Runs of the directory sync: what each did to whom, what it could not use, and when runs were in trouble."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.models.person import User


class SyncRun(models.Model):
    """One run of the directory sync: its lock while it runs, its progress, and its report afterwards.

    `plan_digest` names the plan, `confirms` the stopped run whose plan this one was let through for. `position` is
    where at the server the next incremental run begins, as its reader wrote it; it holds for the same `source` only,
    which stands for server, base, filter, attributes and rules.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped by a guard")
        FAILED = "failed", _("failed")
        KILLED = "killed", _("ended from outside")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("schedule")
        ADMIN = "admin", _("admin")
        SHELL = "shell", _("shell")

    class Mode(models.TextChoices):
        FULL = "full", _("everybody")
        INCREMENTAL = "incremental", _("what changed")
        UNDO = "undo", _("undo of a run")

    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    mode = models.CharField(_("extent"), max_length=12, choices=Mode.choices, default=Mode.FULL)
    trigger = models.CharField(_("started by"), max_length=10, choices=Trigger.choices)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("person"))
    dry_run = models.BooleanField(_("dry run"), default=False)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    step = models.CharField(_("step"), max_length=20, blank=True)
    step_at = models.DateTimeField(default=timezone.now, editable=False)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    counts = models.JSONField(_("counts"), default=dict)
    message = models.TextField(_("message"), blank=True)
    plan_digest = models.CharField(max_length=32, blank=True, editable=False)
    confirms = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="confirmations")
    undoes = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="undone_by")
    source = models.CharField(max_length=32, blank=True, editable=False)
    position = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("directory run")
        verbose_name_plural = _("directory runs")
        ordering = ("-started_at", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="accounts_one_run_at_a_time"),
            models.UniqueConstraint(
                fields=["confirms"], condition=Q(state__in=["running", "done"]), name="accounts_a_plan_is_applied_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.get_state_display()}"


class SyncChange(models.Model):
    """What one run did to one person, or would have done where it was a dry run or was stopped by a guard; `user` is
    empty for somebody who was not created. `old` and `new` hold the changed columns only, `touches` their names between
    commas (",phone,name,"), `rule` how the region of a new number was found."""

    class Kind(models.TextChoices):
        CREATED = "created", _("created")
        UPDATED = "updated", _("updated")
        DEACTIVATED = "deactivated", _("deactivated")
        REACTIVATED = "reactivated", _("reactivated")

    # Not looked up by the database for each row: both keys were at hand a moment before, and with a hundred thousand
    # rows at once the two lookups took a quarter of the time that the database needs for them.
    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="changes", db_constraint=False, db_index=False)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", db_constraint=False)
    username = models.CharField(_("user name"), max_length=names.LONGEST, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    touches = models.CharField(max_length=100, blank=True)
    rule = models.CharField(max_length=60, blank=True)
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("directory change")
        ordering = ("pk",)
        indexes = (models.Index(fields=["run", "kind", "id"], name="accounts_change_of_run"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"


class SyncProblem(models.Model):
    """An entry, or one of its values, that a run could not use, with the reason and a suggestion (E.164) if any.

    It is open until a run that changed people looks at the same entry again. `exact` is the value to the letter, where
    a correction can be made of it.
    """

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="problems")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    username = models.CharField(_("user name"), max_length=names.LONGEST, blank=True)
    dn = models.CharField(_("distinguished name"), max_length=1000, blank=True)
    attribute = models.CharField(_("attribute"), max_length=64, blank=True)
    value = models.CharField(_("value"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=40)
    suggestion = models.CharField(_("suggestion"), max_length=16, blank=True)
    rule = models.CharField(_("rule"), max_length=60, blank=True)
    exact = models.CharField(max_length=200, blank=True, editable=False)
    is_open = models.BooleanField(default=True, editable=False)

    class Meta:
        verbose_name = _("unusable value")
        verbose_name_plural = _("unusable values")
        ordering = ("pk",)
        indexes = (models.Index(fields=["username", "id"], name="accounts_problem_open", condition=Q(is_open=True)),)

    def __str__(self) -> str:
        return f"{self.username}: {self.reason}"


class SyncAlarm(models.Model):
    """A time in which the directory runs were in trouble: opened once, told once for each way of it, ended by a good
    run. `told` holds what was told between commas (",failed,stopped,")."""

    class Trouble(models.TextChoices):
        FAILED = "failed", _("a run failed")
        STOPPED = "stopped", _("a guard stopped a run")
        KILLED = "killed", _("runs were ended from outside again and again")
        MISSING = "missing", _("no run came to its end")

    trouble = models.CharField(_("trouble"), max_length=10, choices=Trouble.choices)
    run = models.ForeignKey(SyncRun, models.SET_NULL, null=True, related_name="alarms")
    began_at = models.DateTimeField(_("began"))
    told = models.CharField(max_length=100, blank=True, editable=False)
    is_open = models.BooleanField(default=True, editable=False)
    over_at = models.DateTimeField(_("over"), null=True)

    class Meta:
        verbose_name = _("alarm of the directory runs")
        verbose_name_plural = _("alarms of the directory runs")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=["is_open"], condition=Q(is_open=True), name="accounts_one_alarm_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} {self.get_trouble_display()}"
