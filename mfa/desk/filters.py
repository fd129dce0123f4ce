"""The filters of the admin's lists that Django cannot guess from a column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.directory import report
from accounts.models import User
from mfa import kinds, policy, reckoning, roles
from mfa.delivery import mail, outbox
from mfa.desk.readonly import is_number_of_a_row
from mfa.models import AuditEvent

Choices = Iterable[tuple[str, Any]]
YES_NO = (("yes", _("Yes")), ("no", _("No")))


class HasFactor(SimpleListFilter):
    title = _("second factor")
    parameter_name = "factor"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return (("yes", _("Has one that works")), ("no", _("Has none that works")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        none = reckoning.without_factor(timezone.now())
        return queryset.filter(none if self.value() == "no" else ~none)


class Required(SimpleListFilter):
    title = _("two-factor sign-in")
    parameter_name = "required"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return (("yes", _("Required")), ("no", _("Not required")), ("missing", _("Required, and nothing works")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        required = policy.required_now(now)
        if self.value() == "missing":
            return queryset.filter(required & reckoning.without_factor(now))
        return {"yes": queryset.filter(required), "no": queryset.exclude(required)}.get(self.value() or "", queryset)


class UnusableNumber(SimpleListFilter):
    """By what the directory runs found last."""

    title = _("unusable number in the directory")
    parameter_name = "unusable"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return YES_NO

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        problems = Exists(report.open_problems().filter(user=OuterRef("pk")))
        return queryset.filter(problems if self.value() == "yes" else ~problems)


class Ended(SimpleListFilter):
    """Of rows with `ended_at`."""

    title = _("state")
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return (("no", _("In use")), ("yes", _("Ended")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "no")


class Role(SimpleListFilter):
    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return ((role, role) for role in roles.RIGHTS)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(groups__name=self.value()) if self.value() in roles.RIGHTS else queryset


class Action(SimpleListFilter):
    title = _("action")
    parameter_name = "action_is"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        found = AuditEvent.objects.order_by("action").values_list("action", flat=True).distinct()
        return [(action, action) for action in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class Actor(SimpleListFilter):
    """Those who may act on others, and the two that are not among them."""

    title = _("who acted")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        staff = User.objects.filter(is_staff=True).values_list("pk", "username")[:50]
        return [("system", _("the system")), *((str(pk), name) for pk, name in staff)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value == "system":
            return queryset.filter(actor=None, actor_name="")
        return queryset.filter(actor=int(value)) if is_number_of_a_row(value) else queryset


class Kind(SimpleListFilter):
    title = _("factor")
    parameter_name = "kind_is"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [("password", _("Password")), *((kind.slug, kind.label) for kind in kinds.registry().values())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class Gateway(SimpleListFilter):
    title = _("gateway")
    parameter_name = "gateway_is"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return [(name, name) for name in dict.fromkeys((*settings.SMS_GATEWAYS, mail.in_use().name))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


class Message(SimpleListFilter):
    """Codes that people wait for, tests, and all else."""

    title = _("message")
    parameter_name = "message"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return (("codes", _("Codes")), ("tests", _("Test messages")), ("notices", _("Notices")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "codes":
                return queryset.filter(template__in=outbox.CODES)
            case "tests":
                return queryset.filter(template=outbox.TEST)
            case "notices":
                return queryset.exclude(template__in=(*outbox.CODES, outbox.TEST))
        return queryset
