"""Who asks whether a code is right, with keys, questions, answers and what is remembered."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User

LONGEST_COOL_DOWN = 168
"""Hours: a week."""


class Application(models.Model):
    """Who asks whether a code is right: a VPN gateway, another portal. `slug` is its name in the log."""

    class Mode(models.TextChoices):
        PASSWORD_THEN_CODE = "password-then-code", _("password, then a code at a second prompt")
        PASSWORD_AND_CODE = "password-and-code", _("password and code in one field")
        CODE_ONLY = "code-only", _("code only; the application has checked the password itself")

    class AddressAttribute(models.TextChoices):
        """Which word of the application about the person's address is believed; every other is ignored."""

        NONE = "", _("none is believed")
        ADDRESS = "address", _("the field “address” of the interface")
        CALLING_STATION = "Calling-Station-Id", "Calling-Station-Id"
        TUNNEL_CLIENT = "Tunnel-Client-Endpoint", "Tunnel-Client-Endpoint"

    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=100)
    kinds = models.JSONField(_("kinds of factors"), default=list, blank=True)
    """Slugs of the kinds it accepts; empty for all that need not be listed."""
    mode = models.CharField(_("what is typed"), max_length=20, choices=Mode.choices, default=Mode.PASSWORD_THEN_CODE)
    separator = models.CharField(_("between password and code"), max_length=1, blank=True)
    code_length = models.PositiveSmallIntegerField(_("length of the code behind a password"), default=6)
    """In characters; counts where there is no separator."""
    domains = models.JSONField(_("domains that are left off"), default=list, blank=True)
    """Such as EXAMPLE and example.org: there `EXAMPLE\\alice` and `alice@example.org` are `alice`. No other is."""
    address_attribute = models.CharField(
        _("person's address"),
        max_length=30,
        choices=AddressAttribute.choices,
        blank=True,
        default=AddressAttribute.NONE,
    )
    reply_attributes = models.JSONField(_("reply attributes"), default=dict, blank=True)
    """{group, or "" for everybody: {"Class": "staff", "Filter-Id": "vpn"}}"""
    cool_down_hours = models.PositiveSmallIntegerField(
        _("hours after a reset before a new factor is taken here"), default=0
    )
    """See `mfa.cool_down`; 0 for none."""
    active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(cool_down_hours__lte=LONGEST_COOL_DOWN), name="mfa_application_cool_down_a_week_at_most"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def has_second_prompt(self) -> bool:
        """Whether a code can still be sent when the password was right."""
        return self.mode == self.Mode.PASSWORD_THEN_CODE


class ApplicationKey(models.Model):
    """A key of an application: shown once, kept as a hash, found by its public `prefix`."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="keys")
    prefix = models.CharField(_("key"), max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    verbs = models.JSONField(_("may ask for"), default=list)
    """Out of `mfa.api.clients.Verb`."""
    networks = models.JSONField(_("networks"), default=list)
    """Where it may come from, in CIDR notation; empty for nowhere."""
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("created by"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_used_from = models.CharField(_("last used from"), max_length=45, blank=True, editable=False)

    class Meta:
        verbose_name = _("key of an application")
        verbose_name_plural = _("keys of applications")
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return self.prefix


class Prompt(models.Model):
    """A question that waits for its answer at an application: who was asked (password right), for which kind.

    `token` is the State of RADIUS; `challenge` names the one-time code that was sent, if any.
    """

    token = models.CharField(max_length=43, unique=True, default=secrets.token_urlsafe, editable=False)
    application = models.ForeignKey(Application, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    """The person's security epoch when the password was right; a prompt of an older one is worth nothing."""
    kind = models.CharField(max_length=20, blank=True)
    challenge = models.CharField(max_length=43, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("prompt")

    def __str__(self) -> str:
        return f"prompt of {self.application_id} for {self.user_id}"


class RadiusAnswer(models.Model):
    """What one RADIUS request was answered, so that a retransmission of it hears the same and costs nothing."""

    AT_WORK = 0
    """The status while a process judges the request."""

    request = models.CharField(max_length=64, unique=True)
    """Hash over application, gateway, identifier and authenticator (RFC 2865 section 3)."""
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("answer to a RADIUS request")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status}"


class RememberRule(models.Model):
    """For how long an application need not ask again after a verified factor; the first factor is always checked."""

    class Scope(models.TextChoices):
        USER = "user", _("the person, anywhere")
        APPLICATION = "application", _("the person at the same application")
        ADDRESS = "address", _("the person at the same application from the same address")

    name = models.CharField(_("name"), max_length=100)
    scope = models.CharField(_("remembered for"), max_length=12, choices=Scope.choices)
    application = models.ForeignKey(
        Application, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("application")
    )
    """The one it holds at; none for all."""
    kind = models.CharField(_("factor"), max_length=20, blank=True)
    """The kind that must have been verified; empty for any."""
    seconds = models.PositiveIntegerField(_("seconds"))
    active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("remember rule")
        verbose_name_plural = _("remember rules")
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(seconds__gte=1, seconds__lte=86_400), name="mfa_remember_rule_a_day_at_most"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Remembered(models.Model):
    """That a person verified a factor under a rule. It ends at `until`, which no use moves, and with the epoch."""

    rule = models.ForeignKey(RememberRule, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="remembered")
    application = models.ForeignKey(Application, models.CASCADE, null=True, related_name="+")
    """The one it was verified at; none where the rule's scope is the person."""
    address = models.CharField(max_length=45, blank=True)
    kind = models.CharField(max_length=20)
    new_since = models.DateTimeField(null=True)
    """The factor's: what was shown where a new one is taken spares nothing where it is not."""
    epoch = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("remembered verification")
        verbose_name_plural = _("remembered verifications")
        indexes = (models.Index(fields=["user", "rule"], name="mfa_remembered_user_rule"),)

    def __str__(self) -> str:
        return f"remembered until {self.until:%Y-%m-%d %H:%M:%S}"
