"""Who people are. Writes go through `accounts.users` and `accounts.provisioning`."""

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
