"""The codes of helpdesk that can still be typed: temporary access codes and activation codes, whose, until when, by
whom. No code is shown: nobody has them any more but who was given them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from mfa import activation, applications, roles, temporary
from mfa.desk import acts, person
from mfa.models import AuditEvent, Factor, OneTimeCode

PER_PAGE = 50
TEMPORARY, ACTIVATION = "temporary", "activation"
LABELS = {TEMPORARY: gettext_lazy("Temporary access codes"), ACTIVATION: gettext_lazy("Activation codes")}
ENDED_BY = {TEMPORARY: "end-temporary", ACTIVATION: "end-activation"}


@dataclass(frozen=True, slots=True)
class Row:
    """One live code as the list shows it; `left` only where it has a number of uses."""

    person: User
    where: str
    left: int | None
    until: datetime
    by: str
    url: str


def show(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """GET: the live codes of the sort that `?sort=` names, found by the start of the person's name or user name."""
    actor = cast(User, request.user)
    if not actor.has_perm("mfa.view_factor"):
        raise PermissionDenied
    sort = request.GET.get("sort", "")
    sort, now, search = (sort if sort in LABELS else TEMPORARY), timezone.now(), request.GET.get("q", "").strip()[:150]
    found = Q(user__username__istartswith=search) | Q(user__name__icontains=search) if search else Q()
    lent, to_activate = _lent(now).filter(found), _to_activate(now).filter(found)
    counted = {TEMPORARY: lent.count(), ACTIVATION: to_activate.count()}
    shown: QuerySet[Any] = lent if sort == TEMPORARY else to_activate
    page: Page[Any] = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    rows = _lent_rows(page.object_list) if sort == TEMPORARY else _activation_rows(page.object_list)
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts, "title": _("Codes that work now"), "page_obj": page, "rows": rows, "sort": sort,
        "sorts": [(name, label, counted[name]) for name, label in LABELS.items()], "search": search,
        "may_end": actor.has_perm(roles.ISSUE_ACTIVATION),
    }  # fmt: skip
    return TemplateResponse(request, "admin/desk/live_codes.html", context)


def _lent(now: datetime) -> QuerySet[Factor]:
    rows = Factor.objects.filter(kind=temporary.KIND, confirmed=True, disabled_at=None, expires_at__gt=now)
    return rows.exclude(state__left=0).select_related("user").defer("secret").order_by("expires_at", "pk")


def _to_activate(now: datetime) -> QuerySet[OneTimeCode]:
    rows = activation.live(User.objects.all(), now=now)
    return rows.select_related("user", "issued_by").defer("code_hash").order_by("expires_at", "pk")


def _lent_rows(factors: Iterable[Factor]) -> list[Row]:
    """Who lent a code is in the audit trail: the newest entry is about the code that works."""
    factors = list(factors)
    lent = AuditEvent.objects.filter(user__in=[one.user_id for one in factors], action="temporary.issued")
    by = dict(lent.order_by("pk").values_list("user_id", "actor_name"))
    names = applications.names(slug for one in factors for slug in one.state.get("applications", ()))
    return [
        Row(
            one.user, ", ".join(names.get(slug, slug) for slug in one.state.get("applications", ())),
            one.number("left"), cast(datetime, one.expires_at), by.get(one.user_id, ""),
            _url(TEMPORARY, one.user),
        )
        for one in factors
    ]  # fmt: skip


def _activation_rows(codes: Iterable[OneTimeCode]) -> list[Row]:
    return [
        Row(
            one.user, _("Setting up the next factor"), None, one.expires_at,
            one.issued_by.username if one.issued_by else _("the server"), _url(ACTIVATION, one.user),
        )
        for one in codes
    ]  # fmt: skip


def _url(sort: str, user: User) -> str:
    return person.act_url(acts.BY_SLUG[ENDED_BY[sort]]) + f"?people={user.pk}"
