"""Rules in the admin: the list, making and changing one by way of its preview, the page of one, and ending it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from mfa import reminders, rules
from mfa.desk import export, filters, rule_change, rule_outlook
from mfa.desk.readonly import ReadOnly
from mfa.desk.rule_change import Change
from mfa.desk.rule_forms import RuleForm
from mfa.models import Rule
from mfa.proof import full_proof_required


class RuleAdmin(ReadOnly):
    list_display = ("name", "shown_whom", "shown_musts", "starts_on", "grace_days", "ended_at")
    list_filter = (filters.Ended,)
    list_select_related = ("group",)
    change_list_template = "admin/desk/rule_list.html"

    @admin.display(description=gettext_lazy("concerns"))
    def shown_whom(self, rule: Rule) -> str:
        return rules.whom(rule)

    @admin.display(description=gettext_lazy("what it does"))
    def shown_musts(self, rule: Rule) -> str:
        return rules.words(rule)[0]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        preview = require_http_methods(["GET", "POST"])(full_proof_required(self.preview))
        ending = require_http_methods(["GET", "POST"])(full_proof_required(self.end))
        return [
            path("add/", wrap(require_safe(self.make)), name="mfa_rule_add"),
            path("preview/", wrap(preview), name="mfa_rule_preview"),
            path("preview/people.csv", wrap(require_POST(self.preview_csv)), name="mfa_rule_preview_csv"),
            path("<int:pk>/edit/", wrap(require_safe(self.edit)), name="mfa_rule_edit"),
            path("<int:pk>/end/", wrap(ending), name="mfa_rule_end"),
            path("<int:pk>/remind/", wrap(require_POST(self.remind)), name="mfa_rule_remind"),
            path("<int:pk>/people.csv", wrap(require_POST(self.csv)), name="mfa_rule_csv"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_change": _may_change(request)} | (extra_context or {}))

    def make(self, request: HttpRequest) -> HttpResponse:
        self._must_change(request)
        return self._form(request, RuleForm(initial={"starts_on": timezone.localdate(), "grace_days": 14}), None)

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_change(request)
        rule = self._live(request, pk)
        return self._form(request, RuleForm(instance=rule), rule)

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What the rule in the address would do; by POST it is made so, or a second person is asked."""
        self._must_change(request)
        form, old = self._draft(request)
        if not form.is_valid():
            return self._form(request, form, old)
        wanted = form.save(commit=False)
        change = Change(old, wanted, rule_change.page_of(form, old))
        answer = rule_change.answer(request, change)
        if answer is not None:
            return answer
        now = timezone.now()
        context = self._shared(request) | rule_outlook.outlook(wanted, request.GET, now=now)
        context |= rule_change.context(request, change, now=now) | {
            "title": _("Preview: %(name)s") % {"name": wanted.name}, "rule": wanted, "old": old,
            "csv_url": reverse("admin:mfa_rule_preview_csv") + "?" + request.GET.urlencode(),
            "letter": rule_outlook.sample_letter(wanted, cast(User, request.user), now=now),
        }  # fmt: skip
        status = 422 if context["form"].errors else 409 if request.method == "POST" else 200
        return TemplateResponse(request, "admin/desk/rule_preview.html", context, status=status)

    def preview_csv(self, request: HttpRequest) -> HttpResponseBase:
        self._must_change(request)
        form, _old = self._draft(request)
        if not form.is_valid():
            return redirect("admin:mfa_rule_changelist")
        return _csv(request, form.save(commit=False))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one rule: what it does, how far people have come, who is left."""
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rule, now = self._rule(request, unquote(object_id)), timezone.now()
        context = self._shared(request) | {
            "title": rule.name, "rule": rule, "may_change": _may_change(request) and rule.ended_at is None,
            "days": rule_outlook.by_day(rule, now=now), "csv_url": _csv_url(request, rule),
            **rule_outlook.outlook(rule, {"show": "unmet"} | request.GET.dict(), now=now),
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/rule.html", context)

    def csv(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return _csv(request, self._rule(request, str(pk)))

    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_change(request)
        rule = self._live(request, pk)
        change = Change(rule, None, reverse("admin:mfa_rule_end", args=[pk]))
        answer = rule_change.answer(request, change)
        if answer is not None:
            return answer
        context = self._shared(request) | rule_change.context(request, change, now=timezone.now()) | {
            "title": _("End the rule: %(name)s") % {"name": rule.name}, "rule": rule, "effects": rules.words(rule),
        }  # fmt: skip
        status = 422 if context["form"].errors else 409 if request.method == "POST" else 200
        return TemplateResponse(request, "admin/desk/rule_end.html", context, status=status)

    def remind(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._must_change(request)
        rule = self._live(request, pk)
        if reminders.order(rule, actor=cast(User, request.user), reason="", now=timezone.now()):
            messages.success(request, _("Everybody who is left gets a mail within a quarter of an hour."))
        else:
            messages.warning(request, _("Nothing was sent: people were reminded less than a day ago."))
        return redirect("admin:mfa_rule_change", pk)

    def _draft(self, request: HttpRequest) -> tuple[RuleForm, Rule | None]:
        """The rule of the address over the one it changes."""
        pk = request.GET.get("rule", "")
        if not pk:
            return RuleForm(request.GET), None
        if not pk.isascii() or not pk.isdigit():
            raise Http404
        return RuleForm(request.GET, instance=self._live(request, int(pk[:18]))), self._live(request, int(pk[:18]))

    def _form(self, request: HttpRequest, form: RuleForm, rule: Rule | None) -> HttpResponse:
        title = _("Change the rule: %(name)s") % {"name": rule.name} if rule else _("New rule")
        context = self._shared(request) | {"title": title, "form": form, "rule": rule}
        return TemplateResponse(request, "admin/desk/rule_form.html", context, status=422 if form.errors else 200)

    def _live(self, request: HttpRequest, pk: int) -> Rule:
        rule = self._rule(request, str(pk))
        if rule.ended_at is not None:
            raise Http404
        return rule

    def _rule(self, request: HttpRequest, object_id: str) -> Rule:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rule = self.get_object(request, object_id)
        if not isinstance(rule, Rule):
            raise Http404
        return rule

    def _must_change(self, request: HttpRequest) -> None:
        if not _may_change(request):
            raise PermissionDenied

    def _shared(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"opts": self.opts}


def _may_change(request: HttpRequest) -> bool:
    return cast(User, request.user).has_perm(rules.RIGHT)


def _csv_url(request: HttpRequest, rule: Rule) -> str:
    show = "unmet" if request.GET.get("show", "unmet") == "unmet" else "out"
    return reverse("admin:mfa_rule_csv", args=[rule.pk]) + f"?show={show}"


def _csv(request: HttpRequest, rule: Rule) -> HttpResponseBase:
    show = request.GET.get("show", "")
    return export.response(
        "people-of-rule", rule_outlook.CSV_HEAD, rule_outlook.csv(rule, show, now=timezone.now()),
        actor=cast(User, request.user), chosen={"rule": rules.values(rule), "show": show or "out"},
    )  # fmt: skip
