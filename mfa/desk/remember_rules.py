"""Remember rules in the admin: the list, the page of one, adding, changing and ending it, and forgetting at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import display
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from mfa import registration
from mfa.desk import remember_words
from mfa.desk.application_forms import RememberRuleForm
from mfa.desk.readonly import ReadOnly, is_number_of_a_row
from mfa.desk.run_orders import ReasonForm
from mfa.models import AuthenticationRecord, Remembered, RememberRule
from mfa.proof import full_proof_required

View = Callable[..., HttpResponse]
OFFERED = ("name", "scope", "application", "kind", "seconds", "reason")
"""What a link may fill into the form of a new rule."""


class RememberRuleAdmin(ReadOnly):
    list_display = ("name", "shown_effect", "active", "created_at")
    list_filter = ("active", "scope")
    list_select_related = ("application",)
    change_list_template = "admin/desk/remember_list.html"

    @display(description=gettext_lazy("what it does"))
    def shown_effect(self, rule: RememberRule) -> str:
        return remember_words.effect(rule)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_change": _may_change(request)} | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: View, name: str) -> URLPattern:
            inner = require_http_methods(["GET", "POST"])(full_proof_required(view))
            return path(route, self.admin_site.admin_view(inner), name=f"mfa_rememberrule_{name}")

        return [
            page("add/", self.add, "add"),
            page("<int:pk>/edit/", self.edit, "edit"),
            page("<int:pk>/end/", self.end, "end"),
            page("<int:pk>/forget/", self.forget, "forget"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule, now = self._row(request, unquote(object_id)), timezone.now()
        context = self._shared(request) | {
            "title": rule.name, "rule": rule, "effect": remember_words.effect(rule),
            "warnings": remember_words.warnings(rule) if rule.active else [], "may_change": _may_change(request),
            "remembered": Remembered.objects.filter(rule=rule, until__gt=now).count() if rule.active else 0,
            "spared": _spared(rule, now)[:20],
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/remember_rule.html", context)

    def add(self, request: HttpRequest) -> HttpResponse:
        """A link may propose what the form begins with; it is checked like anything typed."""
        _must_change(request)
        offered = {name: request.GET[name] for name in OFFERED if name in request.GET}
        form = RememberRuleForm(request.POST or None, initial=offered)
        return self._form(request, form, _("New remember rule"))

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        _must_change(request)
        rule = self._row(request, str(pk))
        form = RememberRuleForm(request.POST or None, instance=rule)
        return self._form(request, form, _("Change: %(name)s") % {"name": rule.name})

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self._row(request, str(pk))
        explained = _("From then on everybody is asked again, also whoever is remembered now.")
        act = registration.end_rule
        return self._act(request, rule, act, _("End the rule"), explained, _ended)

    def forget(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self._row(request, str(pk))
        explained = _("Whoever is remembered by this rule is asked at the next sign-in. The rule itself stays.")
        title = _("Forget whoever is remembered")
        return self._act(request, rule, registration.forget_remembered, title, explained, _forgotten)

    def _act(
        self, request: HttpRequest, rule: RememberRule, act: Callable[..., int], title: str, explained: str,
        said: Callable[[int], str],
    ) -> HttpResponse:  # fmt: skip
        _must_change(request)
        form = ReasonForm(request.POST or None)
        if form.is_valid():
            count = act(rule, actor=cast(User, request.user), reason=form.cleaned_data["reason"])
            messages.success(request, said(count))
            return redirect("admin:mfa_rememberrule_change", rule.pk)
        context = self._shared(request) | {
            "title": title, "rule": rule, "effect": remember_words.effect(rule), "explained": explained, "form": form,
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/remember_act.html", context, status=422 if form.errors else 200)

    def _form(self, request: HttpRequest, form: RememberRuleForm, title: str) -> HttpResponse:
        if form.is_valid():
            rule = form.save(commit=False)
            registration.save_rule(rule, actor=cast(User, request.user), reason=form.cleaned_data["reason"])
            messages.success(request, _("The rule is saved. It holds from now on."))
            return redirect("admin:mfa_rememberrule_change", rule.pk)
        context = self._shared(request) | {"title": title, "form": form}
        return TemplateResponse(request, "admin/desk/remember_form.html", context, status=422 if form.errors else 200)

    def _row(self, request: HttpRequest, object_id: str) -> RememberRule:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = RememberRule.objects.filter(pk=object_id if is_number_of_a_row(object_id) else 0)
        rule = found.select_related("application").first()
        if rule is None:
            raise Http404
        return rule

    def _shared(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"opts": self.opts}


def _spared(rule: RememberRule, now: datetime) -> QuerySet[AuthenticationRecord]:
    """Of the last week only, so that a rule that spares nobody does not search the whole log."""
    return AuthenticationRecord.objects.filter(rule=rule.name, at__gte=now - timedelta(days=7)).order_by("-at")


def _ended(_count: int) -> str:
    return _("The rule has ended.")


def _forgotten(count: int) -> str:
    return ngettext(
        "%(count)d verification was forgotten.", "%(count)d verifications were forgotten.", count
    ) % {"count": count}  # fmt: skip


def _may_change(request: HttpRequest) -> bool:
    return cast(User, request.user).has_perm(registration.RIGHT)


def _must_change(request: HttpRequest) -> None:
    if not _may_change(request):
        raise PermissionDenied
