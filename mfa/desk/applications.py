"""Applications in the admin: the list, the page of one, adding and changing it, and its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from mfa import applications, kinds, registration
from mfa.api import clients, verify
from mfa.api.clients import TooManyKeys, Verb
from mfa.desk import application_figures, interface, interface_trial, log_figures, radius_probe, snippets
from mfa.desk.application_forms import ApplicationForm, KeyForm, RevokeForm, in_words
from mfa.desk.readonly import ReadOnly, Rows
from mfa.models import Application, ApplicationKey
from mfa.proof import full_proof_required

View = Callable[..., HttpResponse]


class Applications(Rows):
    """With the last request of each, in one more query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        shown = list(self.result_list)
        last = application_figures.last_requests(one.slug for one in shown)
        for one in shown:
            one.shown_last = last.get(one.slug)
        self.result_list: Any = shown


class ApplicationAdmin(ReadOnly):
    list_display = ("name", "slug", "mode", "shown_kinds", "last_request", "active")
    list_filter = ("active",)
    search_fields = ("name", "slug")
    change_list_template = "admin/desk/application_list.html"

    @admin.display(description=gettext_lazy("accepts"))
    def shown_kinds(self, row: Application) -> str:
        known = kinds.registry()
        return ", ".join(known[slug].marked_label for slug in known if slug in applications.kinds_of(row))

    @admin.display(description=gettext_lazy("last request"), empty_value=str(gettext_lazy("none yet")))
    def last_request(self, row: Any) -> Any:
        return row.shown_last

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Applications

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        unknown = application_figures.unknown_keys(now=timezone.now())
        context = {"may_change": _may_change(request), "unknown": unknown}
        return super().changelist_view(request, context | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: View, name: str) -> URLPattern:
            inner = require_http_methods(["GET", "POST"])(full_proof_required(view))
            return path(route, self.admin_site.admin_view(inner), name=f"mfa_application_{name}")

        return [
            path(
                "interface/", self.admin_site.admin_view(require_safe(self.interface)), name="mfa_application_interface"
            ),
            page("interface/try/", self.trial, "try"),
            page("add/", self.add, "add"),
            page("<int:pk>/edit/", self.edit, "edit"),
            page("<int:pk>/probe/", self.probe, "probe"),
            page("<int:pk>/key/", self.new_key, "key"),
            page("<int:pk>/key/<int:key>/revoke/", self.revoke, "revoke"),
            *super().get_urls(),
        ]

    def interface(self, request: HttpRequest) -> HttpResponse:
        """What the interface takes and answers; with `?as=openapi` the document itself."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.GET.get("as") == "openapi":
            return JsonResponse(verify.document())
        shown = {
            "title": _("Interface"),
            "opts": self.opts,
            "operations": interface.operations(),
            "may_change": _may_change(request),
        }
        context = self.admin_site.each_context(request) | shown
        return TemplateResponse(request, "admin/desk/interface.html", context)

    @method_decorator(sensitive_post_parameters("key", "password", "code"))
    def trial(self, request: HttpRequest) -> HttpResponse:
        """A request to the interface with a key that is typed for it and kept nowhere."""
        _must_change(request)
        return interface_trial.page(request, self._shared(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row, now = self._row(request, unquote(object_id)), timezone.now()
        keys = list(row.keys.all())
        known = kinds.registry()
        context = self._shared(request) | application_figures.of_page(row, now=now) | {
            "title": row.name, "application": row, "now": now, "may_change": _may_change(request),
            "keys": [(key, in_words(key.verbs)) for key in keys],
            "expiring": application_figures.expiring(keys, now=now),
            "works": any(key.revoked_at is None and key.expires_at > now for key in keys),
            "last_request": application_figures.last_requests([row.slug]).get(row.slug),
            "accepts": [known[slug].marked_label for slug in known if slug in applications.kinds_of(row)],
            "sends_by_name": applications.sends_by_name(row), "snippets": snippets.of(row),
            "log_url": log_figures.address({"where": row.slug}),
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/application.html", context)

    def add(self, request: HttpRequest) -> HttpResponse:
        _must_change(request)
        return self._form(request, ApplicationForm(request.POST or None), _("New application"))

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        _must_change(request)
        row = self._row(request, str(pk))
        form = ApplicationForm(request.POST or None, instance=row)
        return self._form(request, form, _("Change: %(name)s") % {"name": row.name})

    def new_key(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The key is rendered at once and kept nowhere, so loading the page again cannot show it."""
        _must_change(request)
        row, now = self._row(request, str(pk)), timezone.now()
        form = KeyForm(request.POST or None)
        context = self._shared(request) | {
            "title": _("New key: %(name)s") % {"name": row.name},
            "application": row,
            "form": form,
        }
        if form.is_valid():
            try:
                context["key"] = clients.issue(
                    row, verbs=[Verb(verb) for verb in form.cleaned_data["verbs"]],
                    networks=form.cleaned_data["networks"], expires_at=now + form.life,
                    actor=cast(User, request.user), reason=form.cleaned_data["reason"], now=now,
                )  # fmt: skip
            except TooManyKeys:
                form.add_error(None, _("Two keys work already. Revoke one of them first."))
        return _page("application_key" if "key" in context else "application_key_form", request, context, form)

    def revoke(self, request: HttpRequest, pk: int, key: int) -> HttpResponse:
        _must_change(request)
        row = self._row(request, str(pk))
        found = ApplicationKey.objects.filter(pk=key, application=row, revoked_at=None).first()
        if found is None:
            raise Http404
        form = RevokeForm(request.POST or None)
        if form.is_valid():
            actor, reason = cast(User, request.user), form.cleaned_data["reason"]
            clients.revoke(found, actor=actor, reason=reason, now=timezone.now())
            messages.success(request, _("The key was revoked. It is refused from now on."))
            return redirect("admin:mfa_application_change", pk)
        context = self._shared(request) | {"title": _("Revoke the key"), "application": row, "key": found, "form": form}
        return TemplateResponse(
            request, "admin/desk/application_revoke.html", context, status=422 if form.errors else 200
        )

    def probe(self, request: HttpRequest, pk: int) -> HttpResponse:
        _must_change(request)
        return radius_probe.page(request, self._row(request, str(pk)), self._shared(request))

    def _form(self, request: HttpRequest, form: ApplicationForm, title: str) -> HttpResponse:
        if form.is_valid():
            row = form.save(commit=False)
            registration.save(row, actor=cast(User, request.user), reason=form.cleaned_data["reason"])
            messages.success(request, _("The application was saved."))
            return redirect("admin:mfa_application_change", row.pk)
        back = reverse("admin:mfa_application_changelist")
        context = self._shared(request) | {"title": title, "form": form, "back_url": back}
        return TemplateResponse(
            request, "admin/desk/application_form.html", context, status=422 if form.errors else 200
        )

    def _row(self, request: HttpRequest, object_id: str) -> Application:
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = Prefetch("keys", ApplicationKey.objects.select_related("created_by"))
        row = Application.objects.filter(pk=object_id if object_id.isascii() and object_id.isdigit() else 0)
        found = row.prefetch_related(keys).first()
        if found is None:
            raise Http404
        return found

    def _shared(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"opts": self.opts}


def _page(name: str, request: HttpRequest, context: dict[str, Any], form: forms.Form) -> HttpResponse:
    return TemplateResponse(request, f"admin/desk/{name}.html", context, status=422 if form.errors else 200)


def _may_change(request: HttpRequest) -> bool:
    return cast(User, request.user).has_perm(registration.RIGHT)


def _must_change(request: HttpRequest) -> None:
    if not _may_change(request):
        raise PermissionDenied
