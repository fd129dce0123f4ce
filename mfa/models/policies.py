"""What is asked of people."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Policy(models.Model):
    """What is asked of one person beyond the deployment's settings."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="policy")
    required = models.BooleanField(_("two-factor sign-in required"), default=False)
    begins_at = models.DateTimeField(_("required from"), null=True)
    deadline = models.DateTimeField(_("days of grace end"), null=True)
    """When nothing but enrolment is open without a second factor any more; empty for since ever."""
    activation_only = models.BooleanField(
        _("activation code needed"),
        default=False,
        help_text=_("The next factor is enrolled with an activation code only."),
    )
    helped_at = models.DateTimeField(null=True, editable=False)
    """When a reset or other help last let somebody set factors up (see `mfa.cool_down`)."""

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")

    def __str__(self) -> str:
        return f"policy of {self.user_id}"


class Rule(models.Model):
    """What everybody, or one group, must have from a day on. Ended rules stay, for those who ask why it was so.

    It is in force for a person when the days of grace after `starts_on`, or after the account was made if that was
    later, are over. `kinds` are the slugs that count; empty for every kind.
    """

    name = models.CharField(_("name"), max_length=100)
    group = models.ForeignKey(Group, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("group"))
    starts_on = models.DateField(_("from"))
    grace_days = models.PositiveSmallIntegerField(_("days of grace"), default=14)
    factors = models.PositiveSmallIntegerField(_("second factors that one must have"), default=1)
    backup = models.BooleanField(_("recovery codes too"), default=False)
    kinds = models.JSONField(_("kinds that count"), default=list, blank=True)
    activation_only = models.BooleanField(_("first factor by activation code only"), default=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    reminded_at = models.DateTimeField(_("last reminded out of turn"), null=True, editable=False)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class Reminder(models.Model):
    """That somebody was reminded of a rule, or of what is asked of them alone (no rule): `stage` is how many days
    before it is in force for them, or when a reminder out of turn was ordered. Once for each."""

    rule = models.ForeignKey(Rule, models.CASCADE, null=True, related_name="reminders")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    stage = models.CharField(max_length=16)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["rule", "user", "stage"], name="mfa_reminded_once"),
            models.UniqueConstraint(fields=["user", "stage"], condition=Q(rule=None), name="mfa_reminded_once_alone"),
        )

    def __str__(self) -> str:
        return f"{self.rule_id} {self.user_id} {self.stage}"


class Exemption(models.Model):
    """A person of whom nothing is required until a moment. It is over then by itself, or when somebody ends it; and
    where nobody is left who answers for it, there is none."""

    user = models.ForeignKey(User, models.CASCADE, related_name="exemptions", verbose_name=_("person"))
    until = models.DateTimeField(_("until"))
    owner = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("owner"))
    reason = models.CharField(_("reason"), max_length=500)
    created_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended early"), null=True)
    reminded_at = models.DateTimeField(_("owner reminded"), null=True)

    class Meta:
        verbose_name = _("exemption")
        verbose_name_plural = _("exemptions")
        ordering = ("-until", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["user"], condition=Q(ended_at=None), name="mfa_one_exemption_at_a_time"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} until {self.until:%Y-%m-%d}"
