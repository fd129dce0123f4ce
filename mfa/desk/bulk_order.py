"""The pages before an act on a whole list: which act, then whom it is done to, who is left out and why."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from mfa.desk import acts, bulk, bulk_outlook, bulk_work, export, lockout, reach
from mfa.desk.acts import Act
from mfa.desk.asked import Order
from mfa.desk.forms import ActForm
from mfa.proof import full_proof_required


def choose(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Which act, for the people that the filters of the address leave."""
    offered = bulk_outlook.offered(cast(User, request.user))
    if not offered:
        raise PermissionDenied
    people = _people(model_admin, request)
    if people is None:
        return redirect(export.list_url(model_admin) + "?e=1")
    context = _shared(model_admin, request) | {
        "title": _("Act on a whole list"), "total": people.count(), "most": bulk_outlook.MOST,
        "choices": [(act, url(act, request)) for act in offered],
    }  # fmt: skip
    return TemplateResponse(request, "admin/desk/bulk_choose.html", context)


def order(model_admin: ModelAdmin[Any], request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows what would happen; POST orders it."""
    act = acts.BY_SLUG.get(slug)
    if act is None or not act.for_lists:
        raise Http404
    if not reach.may(cast(User, request.user), act):
        raise PermissionDenied
    return _by_method(request, model_admin, act)


def url(act: Act, request: HttpRequest) -> str:
    """The page of the act for the list that the filters of the address leave."""
    query = request.GET.urlencode()
    return reverse("admin:accounts_user_all_act", args=[act.slug]) + (f"?{query}" if query else "")


@require_http_methods(["GET", "POST"])
def _by_method(request: HttpRequest, model_admin: ModelAdmin[Any], act: Act) -> HttpResponse:
    return _order(request, model_admin, act)


@full_proof_required
def _order(request: HttpRequest, model_admin: ModelAdmin[Any], act: Act) -> HttpResponse:
    people = _people(model_admin, request)
    if people is None or people.count() > bulk_outlook.MOST:
        most = {"most": bulk_outlook.MOST}
        messages.error(request, _("At most %(most)d people at a time; narrow the list first.") % most)
        return redirect(export.list_url(model_admin) + "?" + request.GET.urlencode())
    looking = act.locks_out and request.POST.get("do") == "look"
    form = ActForm(act, request.POST or None, looking=looking)
    if request.method == "POST" and form.is_valid() and not looking:
        given = Order(actor=cast(User, request.user), now=timezone.now(), **form.cleaned_data)
        try:
            return _placed(request, act, given, people)
        except bulk.ListChanged:
            messages.warning(request, _("Nothing was ordered: the list has changed. Look at it as it is now."))
        except bulk.NobodyLeft:
            messages.warning(request, _("Nothing was ordered: there is nobody in the list to do exactly this to."))
    plain = Order(actor=cast(User, request.user), reason="", now=timezone.now())
    outlook = bulk_outlook.outlook(act, plain, people)
    context = _shared(model_admin, request) | {
        "title": act.label, "act": act, "form": form, "outlook": outlook, "url": url(act, request),
        "list_url": export.list_url(model_admin) + "?" + request.GET.urlencode(),
        "lockout": lockout.of(people, form, now=plain.now) if act.locks_out else None,
    }  # fmt: skip
    status = 422 if form.errors else 409 if request.method == "POST" and not looking else 200
    return TemplateResponse(request, "admin/desk/bulk_order.html", context, status=status)


def _placed(request: HttpRequest, act: Act, given: Order, people: QuerySet[User]) -> HttpResponse:
    chosen = {name: value for name, value in request.GET.items() if value}
    row = bulk.place(act, given, people, chosen, seen=request.POST.get("seen", ""))
    if row.state == row.State.ASKED:
        messages.success(request, _("A second person was asked. Start it here once it is approved."))
    else:
        bulk_work.wake(row.pk)
    return redirect("admin:mfa_bulkact_change", row.pk)


def _people(model_admin: ModelAdmin[Any], request: HttpRequest) -> QuerySet[User] | None:
    """What the list shows, in no order, nobody twice."""
    found = export.chosen_rows(request, model_admin)
    return None if found is None else User.objects.filter(pk__in=found.order_by().values("pk"))


def _shared(model_admin: ModelAdmin[Any], request: HttpRequest) -> dict[str, Any]:
    return model_admin.admin_site.each_context(request) | {"opts": model_admin.opts}
