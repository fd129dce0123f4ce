"""Factors, the codes that were handed out, and how often one guessed."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from accounts.models import User
from mfa import crypto, kinds


def new_key() -> str:
    """128 random bits; the identity a secret is bound to."""
    return secrets.token_urlsafe(16)


class Factor(Device):
    """A second factor of any kind. `state` is small and the kind's own (last step, drift); `secret` is ciphertext."""

    user = models.ForeignKey(User, models.CASCADE, related_name="factors")
    kind = models.CharField(_("kind"), max_length=20)
    key = models.CharField(max_length=1400, default=new_key, editable=False)
    """What the kind finds it by; of a passkey its id of up to 1023 bytes, in base64url."""
    secret = models.TextField(blank=True, editable=False)
    state = models.JSONField(default=dict, editable=False)
    failures = models.PositiveSmallIntegerField(_("wrong codes in a row"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    last_used_for = models.CharField(_("last used for"), max_length=100, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, editable=False)
    disabled_at = models.DateTimeField(_("disabled"), null=True, editable=False)
    suspended_at = models.DateTimeField(_("suspended"), null=True, editable=False)
    """Since when its owner has reported it lost; only the owner brings it back, with another factor."""
    new_since = models.DateTimeField(null=True, editable=False)
    """The reset, or other help from helpdesk, after which it was set up (see `mfa.cool_down`); none for most."""

    objects = models.Manager["Factor"]()

    class Meta:
        verbose_name = _("factor")
        verbose_name_plural = _("factors")
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="mfa_factor_key"),)
        indexes = (models.Index(fields=["user", "kind"], name="mfa_factor_user_kind"),)

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> Self:
        """As stored. A `state` that somebody broke so far that it is no mapping is read as an empty one: the kind then
        refuses the factor, and no page of its owner fails."""
        factor: Self = super().from_db(db, field_names, values)
        if not isinstance(factor.__dict__.get("state", {}), dict):
            factor.state = {}
        return factor

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()

    @property
    def row(self) -> str:
        """The identity that the secret is bound to."""
        return f"factor:{self.user_id}:{self.kind}:{self.key}"

    def number(self, name: str) -> int:
        """The whole number that the state holds by this name; 0 where it holds none."""
        found = self.state.get(name)
        return found if isinstance(found, int) else 0

    def seal(self, plain: bytes) -> None:
        self.secret = crypto.encrypt(plain, row=self.row)

    def unseal(self) -> bytes:
        """The secret's bytes. Raises `crypto.Undecryptable`."""
        return crypto.decrypt(self.secret, row=self.row)


class OneTimeCode(models.Model):
    """A code that was handed out once for one purpose. One is live per person and purpose; a new one ends the older."""

    class Ending(models.TextChoices):
        LIVE = "", _("live")
        SPENT = "spent", _("used")
        REPLACED = "replaced", _("replaced by a newer one")
        WORN_OUT = "worn-out", _("too many wrong tries")
        EXPIRED = "expired", _("expired")
        MOVED = "moved", _("went to an address that has changed")

    token = models.CharField(max_length=43, unique=True, default=secrets.token_urlsafe, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="one_time_codes")
    purpose = models.CharField(max_length=20, choices=[(p.value, p.value) for p in kinds.Purpose])
    kind = models.CharField(max_length=20, blank=True)
    """The kind of factor that sent it, and the only one that may spend it; empty for codes that no factor sent."""
    code_hash = models.CharField(max_length=64)
    target = models.CharField(max_length=64, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ending = models.CharField(max_length=10, choices=Ending.choices, default=Ending.LIVE, blank=True)
    ended_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("one-time code")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "purpose"], condition=Q(ending=""), name="mfa_one_live_code_per_purpose"
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.ending or 'live'}"


class GuessCounter(models.Model):
    """Wrong answers in a row, by kind, of one subject: `user:7`, `password:7:203.0.113.9`. One row, one lock."""

    subject = models.CharField(max_length=255, unique=True)
    failures = models.JSONField(default=dict)
    """{kind: [count, unix time of the last one]}"""
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        verbose_name = _("guess counter")

    def __str__(self) -> str:
        return self.subject


class Budget(models.Model):
    """When something bounded was done for one subject (`sms:user:7`, `password:7`): unix times, oldest first."""

    subject = models.CharField(max_length=100, unique=True)
    spent = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        verbose_name = _("budget")

    def __str__(self) -> str:
        return self.subject
