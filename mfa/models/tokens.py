"""Hardware tokens: the stock, and the files that they come from."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from mfa import crypto
from mfa.models.factors import new_key


class TokenBatch(models.Model):
    """One imported file. Until it is confirmed, `content` holds what was read, as ciphertext; then it is emptied."""

    name = models.CharField(_("file"), max_length=100)
    imported_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("imported by"))
    created_at = models.DateTimeField(_("read"), default=timezone.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(_("imported"), null=True)
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    content = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = _("batch of tokens")
        verbose_name_plural = _("batches of tokens")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.name

    @property
    def row(self) -> str:
        """The identity that the content is bound to."""
        return f"batch:{self.key}"


class HardwareToken(models.Model):
    """A token with its secret and all that is remembered of its codes, whoever holds it.

    It is held by the Factor of kind "token" with the same `key`, and in stock where there is none. So one token is one
    person's at most, it returns to stock with its factor however that goes, and its counter outlives every holder.
    """

    class Method(models.TextChoices):
        HOTP = "hotp", _("by button (HOTP)")
        TOTP = "totp", _("by time (TOTP)")

    serial = models.CharField(_("serial number"), max_length=64, unique=True)
    method = models.CharField(_("method"), max_length=4, choices=Method.choices)
    algorithm = models.CharField(_("algorithm"), max_length=6)
    digits = models.PositiveSmallIntegerField(_("digits"))
    period = models.PositiveSmallIntegerField(_("period in seconds"), default=30)
    manufacturer = models.CharField(_("manufacturer"), max_length=64, blank=True)
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    secret = models.TextField(editable=False)
    state = models.JSONField(default=dict, editable=False)
    batch = models.ForeignKey(TokenBatch, models.SET_NULL, null=True, related_name="tokens", verbose_name=_("file"))
    imported_at = models.DateTimeField(_("imported"), default=timezone.now)
    lost_at = models.DateTimeField(_("lost"), null=True)

    class Meta:
        verbose_name = _("hardware token")
        verbose_name_plural = _("hardware tokens")
        ordering = ("serial",)

    def __str__(self) -> str:
        return self.serial

    @property
    def row(self) -> str:
        """The identity that the secret is bound to."""
        return f"token:{self.key}"

    def seal(self, plain: bytes) -> None:
        self.secret = crypto.encrypt(plain, row=self.row)

    def unseal(self) -> bytes:
        """The secret's bytes. Raises `crypto.Undecryptable`."""
        return crypto.decrypt(self.secret, row=self.row)
