"""The filters of the authentication log."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mfa import applications
from mfa.desk.filters import Choices
from mfa.models import Application, AuthenticationRecord, RememberRule

LATEST = 5000
"""Records, the newest, whose gateways are offered: to look for all would read the whole log."""
RADIUS = Q(request_id__startswith="radius-")
OWN = Q(application__in=applications.OWN)
DOORS = {"portal": OWN, "radius": ~OWN & RADIUS, "https": ~OWN & ~RADIUS}


class Where(SimpleListFilter):
    title = _("application")
    parameter_name = "where"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        own = [(slug, slug) for slug in sorted(applications.OWN - {applications.ANY})]
        return [*own, *Application.objects.values_list("slug", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(application=self.value()) if self.value() else queryset


class Gateway(SimpleListFilter):
    title = _("gateway")
    parameter_name = "gateway_is"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        latest = AuthenticationRecord.objects.order_by("-at").values_list("gateway", flat=True)[:LATEST]
        return [(name, name) for name in sorted({*latest} - {""})[:50]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(gateway=self.value()) if self.value() else queryset


class Door(SimpleListFilter):
    """By what a record has anyway: the application's name, and the request id that the RADIUS door gives."""

    title = _("door")
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return (("portal", _("Portal")), ("radius", _("RADIUS")), ("https", _("HTTPS interface")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(DOORS.get(self.value() or "", Q()))


class UsedRule(SimpleListFilter):
    title = _("remember rule")
    parameter_name = "rule_is"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        names = RememberRule.objects.values_list("name", flat=True)
        return [("*", _("spared by any")), *((name, name) for name in dict.fromkeys(names))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "*":
            return queryset.exclude(rule="")
        return queryset.filter(rule=self.value()) if self.value() else queryset
