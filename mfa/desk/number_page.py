"""The page on which helpdesk types the code that a caller reads back from a new phone."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.phones import mask
from mfa import budgets
from mfa.delivery import watch
from mfa.desk import person as page, reach, read_back
from mfa.desk.asked import Order
from mfa.desk.caller_page import CodeForm
from mfa.desk.forms import ActForm
from mfa.models import Delivery, OneTimeCode
from mfa.outcomes import Refused
from mfa.proof import full_proof_required


def begun(request: HttpRequest, form: ActForm, order: Order, person: User) -> bool:
    """Send the code that the order asks for, unless that is what this session waits for already: the form came twice,
    or the answer to the first was lost. What refuses it is said at the number."""
    if read_back.is_sent(request.session, person, order):
        return True
    try:
        _keep(request, person, read_back.begin(person, order), order.now)
    except Refused as refused:
        form.add_error("number", refused.words)
        return False
    return True


def show(model_admin: ModelAdmin[Any], request: HttpRequest, person: User) -> HttpResponse:
    """GET shows how the code fares; POST judges what was read back, or sends a new one (`again`)."""
    actor = cast(User, request.user)
    if not reach.may(actor, read_back.ACT) or reach.out_of_reach(actor, person):
        raise PermissionDenied
    return _read_back(request, model_admin, person)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@full_proof_required
def _read_back(request: HttpRequest, model_admin: ModelAdmin[Any], person: User) -> HttpResponse:
    now, actor = timezone.now(), cast(User, request.user)
    form = CodeForm(request.POST or None)
    try:
        waiting = read_back.of(request.session, person)
        read_back.pending(person, waiting, actor=actor, now=now)
        if "again" in request.POST:
            return _again(request, person, waiting, now)
        if form.is_valid():
            read_back.finish(person, waiting, form.cleaned_data["code"], actor=actor, now=now)
            messages.success(request, _("The phone number was set. It is confirmed, by the code that was read back."))
            return redirect("admin:accounts_user_change", person.pk)
    except read_back.Over as over:
        messages.info(request, over.words)
        return redirect("admin:accounts_user_change", person.pk)
    except Refused as refused:
        form.add_error("code", refused.words)
    return _page(model_admin, request, person, waiting, form, now)


def _again(request: HttpRequest, person: User, waiting: read_back.Waiting, now: datetime) -> HttpResponse:
    try:
        _keep(request, person, read_back.again(person, waiting, actor=cast(User, request.user), now=now), now)
    except Refused as refused:
        messages.warning(request, refused.words)
    else:
        messages.success(request, _("A new code is on its way. The older one no longer works."))
    return redirect("admin:accounts_user_number", person.pk)


def _keep(request: HttpRequest, person: User, waiting: read_back.Waiting, now: datetime) -> None:
    """The session waits for this code, and may watch its message on the way."""
    read_back.keep(request.session, person, waiting, now=now)
    watch.remember(request.session, Delivery.objects.get(pk=waiting.delivery))


def _page(
    model_admin: ModelAdmin[Any], request: HttpRequest, person: User, waiting: read_back.Waiting, form: CodeForm,
    now: datetime,
) -> TemplateResponse:  # fmt: skip
    row = OneTimeCode.objects.get(token=waiting.token)
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts, "title": _("Confirm the new phone number"), "person": person, "form": form,
        "masked": mask(row.target), "old": mask(person.phone), "now": now,
        "worn_out": row.ending == OneTimeCode.Ending.WORN_OUT, "expired": row.expires_at <= now,
        "delivery": Delivery.objects.filter(pk=waiting.delivery, user=person).first(),
        "delivery_url": reverse("delivery_state", args=[waiting.delivery]),
        "url": reverse("admin:accounts_user_number", args=[person.pk]),
        "back_url": reverse("admin:accounts_user_change", args=[person.pk]),
        "resend_at": budgets.next_message_at(Delivery.Channel.SMS, person, now=now) or now,
        "another_url": f"{page.act_url(read_back.ACT)}?people={person.pk}",
    }  # fmt: skip
    return TemplateResponse(request, "admin/desk/number.html", context, status=422 if form.errors else 200)
