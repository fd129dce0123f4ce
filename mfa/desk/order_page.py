"""The page between the choice of an act and its doing: who is affected, who is refused and why, and the reason."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from mfa import activation, approvals, asked_less, qr, temporary
from mfa.desk import lockout, number_page, person, reach, vouching
from mfa.desk.acts import WEAKENS, Act
from mfa.desk.asked import Order
from mfa.desk.forms import CALLER, READ_BACK, ActForm, ChosenForm, told
from mfa.desk.lockout import Lockout
from mfa.desk.perform import Outcome, perform
from mfa.proof import full_proof_required


@full_proof_required
def _order(request: HttpRequest, model_admin: ModelAdmin[Any], act: Act) -> HttpResponse:
    chosen = ChosenForm(request.POST if request.method == "POST" else request.GET)
    people = _people(chosen.cleaned_data["people"]) if chosen.is_valid() else []
    if not people:
        messages.error(request, _("Choose people from the list, at most 500 at a time."))
        return redirect("admin:accounts_user_changelist")
    if act.single and len(people) > 1:
        messages.error(request, _("This is done for one person at a time."))
        return redirect("admin:accounts_user_changelist")
    now, actor = timezone.now(), cast(User, request.user)
    checked = vouching.checked(act, Order(actor=actor, reason="", now=now), people)
    sendable = "hand_over" in act.asks and len(people) == 1
    ways = activation.ways(people[0], now=now) if sendable else [activation.HandOver.SHOWN]
    given = _given(request, act, checked=checked)
    looking = act.locks_out and request.POST.get("do") == "look"
    form = ActForm(act, request.POST or None, checked=checked, looking=looking, ways=ways, initial=given)
    if request.method == "POST" and form.is_valid() and not looking:
        order = Order(actor=actor, now=now, **form.cleaned_data)
        if request.POST.get("do") == "ask":
            return _ask_second(request, act, order, people)
        if order.confirmation == READ_BACK:
            return _read_back(model_admin, request, act, order, form, people)
        return _answer(model_admin, request, act, perform(act, order, people))
    return ask(model_admin, request, act, people, form)


def _read_back(
    model_admin: ModelAdmin[Any], request: HttpRequest, act: Act, order: Order, form: ActForm, people: list[User]
) -> HttpResponse:
    """Nothing is done before a code came back."""
    (person,) = people
    if number_page.begun(request, form, order, person):
        return redirect("admin:accounts_user_number", person.pk)
    return ask(model_admin, request, act, people, form)


def _given(request: HttpRequest, act: Act, *, checked: bool) -> dict[str, Any]:
    """What the link from an approval fills in, and the proof that a caller check is."""
    found: dict[str, Any] = {name: request.GET[name] for name in act.asks if name in request.GET}
    if "applications" in found:
        found["applications"] = request.GET.getlist("applications")
    return found | ({"identity": CALLER[0]} if checked else {})


def _ask_second(request: HttpRequest, act: Act, order: Order, people: list[User]) -> HttpResponse:
    refused = reach.refusals(act, order, people)
    affected = [one for one in people if one.pk not in refused]
    if not affected:
        return redirect(_back([one.pk for one in people]))
    if not vouching.needed(act, order, affected):
        messages.info(request, _("Nobody else has to approve this."))
        return redirect(f"{person.act_url(act)}?people={','.join(str(one.pk) for one in affected)}")
    matter = vouching.matter(act, order, affected)
    row = approvals.ask(matter, actor=order.actor, reason=told(order), now=order.now)
    messages.success(request, _("A second person was asked. You will find it here once it is approved."))
    return redirect("admin:mfa_approval_change", row.pk)


@require_http_methods(["GET", "POST"])
def _by_method(request: HttpRequest, model_admin: ModelAdmin[Any], act: Act) -> HttpResponse:
    return _order(request, model_admin, act)


def order(model_admin: ModelAdmin[Any], request: HttpRequest, act: Act) -> HttpResponse:
    """GET shows the preview of `?people=1,2`; POST does the act. Refused where the role does not have it."""
    if not reach.may(cast(User, request.user), act):
        raise PermissionDenied
    return _by_method(request, model_admin, act)


def ask(
    model_admin: ModelAdmin[Any], request: HttpRequest, act: Act, people: list[User], form: ActForm
) -> TemplateResponse:
    """The preview with the form; without one where everybody is refused."""
    role = form["role"].value() or "" if "role" in act.asks else ""
    order = Order(actor=cast(User, request.user), reason="", now=timezone.now(), role=role)
    refused = reach.refusals(act, order, people)
    affected = [one for one in people if one.pk not in refused]
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts, "title": act.label, "act": act, "form": form, "url": person.act_url(act),
        "affected": affected, "people": ",".join(str(one.pk) for one in affected),
        "refused": [(one, refused[one.pk]) for one in people if one.pk in refused],
        "back_url": _back([one.pk for one in people]),
        "lockout": _lockout(affected, form, order) if act.locks_out else None,
        "vouching": vouching.needed(act, order, affected),
        "raises": act.slug in vouching.RAISES,
        "few": asked_less.FEW if act.slug in WEAKENS else 0,
        "checked": vouching.checked(act, order, affected),
        "approved": vouching.approved(act, order, affected),
        "caller_url": reverse("admin:accounts_user_caller", args=[affected[0].pk]) if len(affected) == 1 else "",
    }  # fmt: skip
    return TemplateResponse(request, "admin/desk/order.html", context, status=422 if form.errors else 200)


def _lockout(people: list[User], form: ActForm, order: Order) -> Lockout:
    return lockout.of(User.objects.filter(pk__in=[one.pk for one in people]), form, now=order.now)


def _people(pks: list[int]) -> list[User]:
    return list(User.objects.filter(pk__in=pks).select_related("policy").prefetch_related("groups__permissions"))


def _answer(model_admin: ModelAdmin[Any], request: HttpRequest, act: Act, outcomes: list[Outcome]) -> HttpResponse:
    """Codes are rendered at once and kept nowhere, so loading the page again cannot show them."""
    back = _back([outcome.person.pk for outcome in outcomes])
    if any(outcome.code for outcome in outcomes):
        context = model_admin.admin_site.each_context(request) | {
            "opts": model_admin.opts,
            "title": act.label,
            "lent": act.slug == "temporary",
            "codes": [(o.person, _grouped(act, o.code), qr.svg(o.code)) for o in outcomes if o.code],
            "refused": [(o.person, o.refused) for o in outcomes if o.refused],
            "hours": int(activation.LIFETIME.total_seconds() // 3600),
            "back_url": back,
        }
        return TemplateResponse(request, "admin/desk/codes.html", context)
    _tell(request, act, outcomes)
    return redirect(back)


def _grouped(act: Act, code: str) -> str:
    return temporary.grouped(code) if act.slug == "temporary" else activation.grouped(code)


def _tell(request: HttpRequest, act: Act, outcomes: list[Outcome]) -> None:
    done = [outcome for outcome in outcomes if not outcome.refused]
    if done:
        count = ngettext("%(count)d person.", "%(count)d people.", len(done)) % {"count": len(done)}
        messages.success(request, f"{act.done} {count}")
    for outcome in (one for one in outcomes if one.refused):
        messages.warning(request, f"{outcome.person.username}: {outcome.refused}")


def _back(pks: list[int]) -> str:
    if len(pks) == 1:
        return reverse("admin:accounts_user_change", args=pks)
    return reverse("admin:accounts_user_changelist")
