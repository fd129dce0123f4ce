"""People in the admin: the list, the page of one person, the acts, and new local accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import User
from mfa import audit, configured, diagnosis, holdings, kinds, policy
from mfa.desk import (
    acts,
    bulk_order,
    bulk_outlook,
    caller_page,
    filters,
    forms,
    live_codes,
    masks,
    number_page,
    order_page,
    person as page,
    reach,
)
from mfa.desk.readonly import ReadOnly, Rows

CREATED = gettext_lazy(
    "The account was created, without a password. Issue an activation code: its owner sets the first one with it, on "
    "the page linked from signing in."
)
TOO_MANY = gettext_lazy("At most %(most)d people at a time; narrow the list first.")
Chosen = Callable[[Any, HttpRequest, QuerySet[User]], HttpResponse]


class PeopleList(Rows):
    """One page of people with their factors, in a fixed number of queries."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        people = list(self.result_list)
        now = timezone.now()
        factors = holdings.usable_of_many(people, now=now)
        asked = policy.of_many(people, now=now)
        whole = masks.sees_all(request)
        for one in people:
            one.shown_factors = ", ".join(str(kinds.kind(factor.kind).label) for factor in factors[one.pk])
            one.shown_required = asked[one.pk].required
            one.shown_phone = masks.phone(one.phone, whole)
        self.result_list: Any = people


class PersonAdmin(ReadOnly):
    list_display = (
        "username", "name", "shown_factors", "shown_required", "shown_phone", "phone_source", "phone_confirmed_at",
        "shown_sign_in", "is_active",
    )  # fmt: skip
    list_filter = (
        filters.HasFactor, filters.Required, filters.UnusableNumber, "phone_source", "is_active", filters.Role,
    )  # fmt: skip
    list_per_page = 100
    search_fields = ("username", "name", "email")
    search_help_text = gettext_lazy("User name, name or e-mail address")
    form = forms.AccountForm
    fields = ("username", "name", "email")
    change_list_template = "admin/desk/people_list.html"

    @admin.display(description=gettext_lazy("factors"), empty_value=str(gettext_lazy("none")))
    def shown_factors(self, person: Any) -> str | None:
        return person.shown_factors or None

    @admin.display(description=gettext_lazy("two-factor sign-in"))
    def shown_required(self, person: Any) -> str | None:
        return gettext("required") if person.shown_required else None

    @admin.display(description=gettext_lazy("last sign-in"), ordering="last_login")
    def shown_sign_in(self, person: User) -> datetime | None:
        return person.last_login

    @admin.display(description=gettext_lazy("phone number"))
    def shown_phone(self, person: Any) -> str:
        return str(person.shown_phone)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        offered = bool(bulk_outlook.offered(cast(User, request.user)))
        return super().changelist_view(request, {"acts_on_lists": offered} | (extra_context or {}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return cast("QuerySet[User]", super().get_queryset(request).select_related("policy"))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PeopleList

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Chosen, str, str | Promise]]:  # type: ignore[override]
        """The acts that the role has and that several people can be chosen for."""
        actor = cast(User, request.user)
        several = [act for act in acts.ALL if reach.may(actor, act) and not act.single]
        return {act.slug: (_chosen(act), act.slug, act.label) for act in several}

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act_view)
        why = self.admin_site.admin_view(require_safe(self.why_view))
        return [
            path("act/<slug:slug>/", act, name="accounts_user_act"),
            path("codes/", self.admin_site.admin_view(require_safe(self.codes_view)), name="accounts_user_codes"),
            path("all/", self.admin_site.admin_view(require_safe(self.all_view)), name="accounts_user_all"),
            path("all/<slug:slug>/", self.admin_site.admin_view(self.all_act_view), name="accounts_user_all_act"),
            path("<int:pk>/caller/", self.admin_site.admin_view(self.caller_view), name="accounts_user_caller"),
            path("<int:pk>/number/", self.admin_site.admin_view(self.number_view), name="accounts_user_number"),
            path("<int:pk>/why/", why, name="accounts_user_why"),
            *self._add_url(),
            *super().get_urls(),
        ]

    def _add_url(self) -> list[URLPattern]:
        return [path("add/", self.admin_site.admin_view(self.add_view), name="accounts_user_add")]

    def act_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        act = acts.BY_SLUG.get(slug)
        if act is None:
            raise Http404
        return order_page.order(self, request, act)

    def codes_view(self, request: HttpRequest) -> HttpResponse:
        return live_codes.show(self, request)

    def all_view(self, request: HttpRequest) -> HttpResponse:
        return bulk_order.choose(self, request)

    def all_act_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        return bulk_order.order(self, request, slug)

    def caller_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return caller_page.check(self, request, get_object_or_404(User, pk=pk))

    def number_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return number_page.show(self, request, get_object_or_404(User, pk=pk))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one person; there is no form behind it."""
        return require_safe(self._person_page)(request, object_id)

    def _person_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, unquote(object_id))
        if found is None:
            raise Http404
        actor = cast(User, request.user)
        shared = self.admin_site.each_context(request) | {"opts": self.opts, "title": found.get_full_name()}
        shared |= {
            "subtitle": None,
            "sees_audit": actor.has_perm("mfa.view_auditevent"),
            "sees_log": actor.has_perm("mfa.view_authenticationrecord"),
        }
        with configured.held():
            shared |= page.context(found, actor, now=timezone.now())
        return TemplateResponse(request, "admin/desk/person.html", shared)

    def why_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Why the person cannot sign in, by the same diagnosis that they read themselves."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person = get_object_or_404(User, pk=pk)
        found = diagnosis.of(person, now=timezone.now())
        shared = self.admin_site.each_context(request) | {"opts": self.opts, "title": person.get_full_name()}
        shared |= {"person": person, "diagnosis": found, "events": found.lines}
        return TemplateResponse(request, "admin/desk/why.html", shared)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return cast(User, request.user).has_perm("accounts.add_user")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """A new local account, without a password until its owner has one."""
        obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        audit.record("account.created", user=obj, actor=cast(User, request.user))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit trail has it."""

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, CREATED)
        return redirect(reverse("admin:accounts_user_change", args=[obj.pk]))


def _chosen(act: acts.Act) -> Chosen:
    """Django's "action" for an act: leads from the ticked people to the page that asks for the reason, and from "all of
    the list" to the one of an act on the list."""

    def chosen(model_admin: PersonAdmin, request: HttpRequest, people: QuerySet[User]) -> HttpResponse:
        if request.POST.get("select_across") == "1" and act.for_lists:
            return redirect(bulk_order.url(act, request))
        if people.count() > forms.MOST_PEOPLE:
            messages.error(request, TOO_MANY % {"most": forms.MOST_PEOPLE})
            return redirect(request.get_full_path())
        return order_page.ask(model_admin, request, act, list(people), forms.ActForm(act))

    return chosen
