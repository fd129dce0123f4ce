"""The filters of the authentication log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mfa import applications
from mfa.authlog import endings
from mfa.authlog.endings import Ending
from mfa.desk.filters import Choices
from mfa.models import Application, AuthenticationRecord, RememberRule

LATEST = 5000
"""Records, the newest, whose gateways are offered: to look for all would read the whole log."""
RADIUS_IDS = "radius-"
RADIUS = Q(request_id__startswith=RADIUS_IDS)
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


class Outcome(SimpleListFilter):
    """By how attempts ended, and within that by each result: `?result=refused` or `?result=138`."""

    title = _("result")
    parameter_name = "result"
    template = "admin/desk/result_filter.html"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        codes = [one for results in endings.grouped().values() for one in results]
        return [*Ending.choices, *((str(one.code), f"{one.code} {one.meaning}") for one in codes)]

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        """ "All" first, then each ending with its results."""
        chosen = self.value()
        yield self._choice(changelist, None, _("All"), chosen)
        for ending, found in endings.grouped().items():
            codes = [self._choice(changelist, str(one.code), f"{one.code} {one.meaning}", chosen) for one in found]
            is_open = any(code["selected"] for code in codes)
            yield self._choice(changelist, ending, ending.label, chosen) | {"codes": codes, "open": is_open}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value in Ending.values:
            return queryset.filter(endings.CONDITIONS[Ending(value)])
        known = {code for code, _label in self.lookup_choices}
        return queryset.filter(code=int(value)) if value in known else queryset

    def _choice(self, changelist: ChangeList, value: str | None, label: object, chosen: str | None) -> dict[str, Any]:
        query = {self.parameter_name: value} if value else {}
        address = changelist.get_query_string(query, [] if value else [self.parameter_name])
        return {"selected": chosen == value, "query_string": address, "display": label}
