"""Who people are, and what each directory run did to them. Writes go through `accounts.users`."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.numbering import E164


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        """Look a person up by any spelling of the user name."""
        return self.get(username=names.normalise(username or ""))

    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        """A local account. Without a password nobody can sign in to it with one."""
        user = self.model(username=names.normalise(username), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class PhoneSource(models.TextChoices):
    NONE = "", _("none")
    DIRECTORY = "directory", _("directory")
    SELF = "self", _("entered by the person")
    HELPDESK = "helpdesk", _("entered by helpdesk")


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # django-otp ships no types
    """A person. `directory_id` (entryUUID, lower case) is the identity where a directory feeds the account; a user
    name may move from one person to another, an id never does."""

    username = models.CharField(_("user name"), max_length=names.LONGEST)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    deactivated_at = models.DateTimeField(_("deactivated"), null=True, blank=True, editable=False)

    phone = models.CharField(_("phone number"), max_length=16, blank=True)
    phone_source = models.CharField(
        _("source of the number"), max_length=10, blank=True, choices=PhoneSource.choices, default=PhoneSource.NONE
    )
    phone_confirmed_at = models.DateTimeField(_("number confirmed"), null=True, blank=True)

    directory_id = models.CharField(_("directory id"), max_length=64, null=True, blank=True)
    directory_dn = models.CharField(_("distinguished name"), max_length=1000, blank=True)
    directory_phone = models.CharField(
        _("number in the directory"), max_length=16, blank=True, help_text=_("As the last run read it, in E.164.")
    )
    directory_fingerprint = models.CharField(max_length=32, blank=True, editable=False)
    phone_next = models.CharField(
        _("number at rest"), max_length=16, blank=True, editable=False,
        help_text=_(
            "What the directory has instead of a confirmed number; it counts when its rest is over, and never where "
            "there is no end: then it was refused."
        ),
    )  # fmt: skip
    phone_next_at = models.DateTimeField(_("end of its rest"), null=True, blank=True, editable=False)

    security_epoch = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("username",)
        indexes = (
            models.Index(fields=["phone"], name="accounts_user_phone"),
            models.Index(
                fields=["phone_next_at"], name="accounts_user_rests", condition=Q(phone_next_at__isnull=False)
            ),
        )
        constraints = (
            # `unique=True` on the columns would bring each a second index, for LIKE, that nothing asks.
            models.UniqueConstraint(fields=["username"], name="accounts_user_of_the_name"),
            models.UniqueConstraint(fields=["directory_id"], name="accounts_user_of_the_directory"),
            models.CheckConstraint(
                condition=Q(phone="") | Q(phone__regex=f"^{E164.pattern}$"), name="accounts_user_phone_is_e164"
            ),
            models.CheckConstraint(condition=~Q(username=""), name="accounts_user_has_a_name"),
            models.CheckConstraint(
                condition=Q(phone_next="", phone_next_at__isnull=True) | Q(phone_next__regex=f"^{E164.pattern}$"),
                name="accounts_user_rest_is_whole",
            ),
        )

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        self.username = names.normalise(self.username)
        self.email = type(self).objects.normalize_email(self.email)

    @property
    def resting_phone(self) -> str:
        """The directory's number that will count when its rest is over; else empty."""
        return self.phone_next if self.phone_next_at else ""

    @property
    def refused_phone(self) -> str:
        """The directory's number that does not count, since its owner refused it; else empty."""
        return "" if self.phone_next_at else self.phone_next

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] or self.username

    def get_session_auth_hash(self) -> str:
        """Sessions carry this and die when it moves: with the password, and with `security_epoch`."""
        return salted_hmac("accounts.session", f"{self.password}:{self.security_epoch}", algorithm="sha256").hexdigest()


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


class WriteBack(models.Model):
    """A confirmed number on its way into the directory. `expected` is the number (E.164, or empty) that a run read
    there before: any other one there means that the directory was changed meanwhile. While it waits, `next_try_at` is
    also until when the worker that took it may be at work."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waits for the directory")
        WRITTEN = "written", _("written to the directory")
        REFUSED = "refused", _("refused by the directory")
        GIVEN_UP = "given_up", _("given up")
        SUPERSEDED = "superseded", _("replaced by a newer number")

    user = models.ForeignKey(User, models.CASCADE, related_name="write_backs", verbose_name=_("person"))
    e164 = models.CharField(_("number"), max_length=16)
    expected = models.CharField(_("number in the directory before"), max_length=16, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(_("tries"), default=0)
    answer = models.CharField(_("last answer"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("confirmed"), default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(_("next try"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("number for the directory")
        verbose_name_plural = _("numbers for the directory")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=["next_try_at"], condition=Q(state="queued"), name="accounts_write_back_due"),
            models.Index(fields=["state", "-id"], name="accounts_write_back_state"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="queued"), name="accounts_one_write_back_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.state} {self.user_id}"
