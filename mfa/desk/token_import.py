"""Importing a file of hardware tokens in the admin: choose it, look at what would be written, write it."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User
from mfa import crypto, roles
from mfa.delivery.writing import one_line
from mfa.desk.token_words import FAULTS, REASONS
from mfa.outcomes import Unusable
from mfa.proof import full_proof_required
from mfa.tokens import batches, files
from mfa.tokens.reading import Line, Unreadable

PER_PAGE = 25
SHOWN = ("new", "known", "refused")
TOO_LARGE = _("Choose a file of at most 2.5 MB.")


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("File"), error_messages={"required": TOO_LARGE, "empty": _("This file is empty.")},
        help_text=_(
            "PSKC (RFC 6030), or CSV whose first line names the columns: serial, secret_hex or secret_base32; "
            "optional: type (totp or hotp), algorithm, digits, period, counter, manufacturer."
        ),
    )  # fmt: skip
    unlock = forms.CharField(
        label=_("Password or key of the file"), required=False, max_length=200, strip=False,
        help_text=_("Only for an encrypted PSKC file: its password, or its key in hex."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def clean_file(self) -> Any:
        found = self.cleaned_data["file"]
        if found.size > files.LARGEST:
            raise forms.ValidationError(TOO_LARGE)
        return found


def choose(model_admin: ModelAdmin[Any], request: HttpRequest) -> HttpResponse:
    """The page that takes a file in. Refused where the role may not import."""
    _refuse_others(request)
    return _choose(request, model_admin)


def look(model_admin: ModelAdmin[Any], request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows what would become of each token of a waiting file; POST writes what is new."""
    _refuse_others(request)
    return _look(request, model_admin, pk)


@require_http_methods(["GET", "POST"])
@full_proof_required
@sensitive_post_parameters("unlock")
def _choose(request: HttpRequest, model_admin: ModelAdmin[Any]) -> HttpResponse:
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if form.is_valid():
        try:
            return redirect("admin:mfa_hardwaretoken_preview", _begin(request, form))
        except Unreadable as refused:
            form.add_error("file", str(FAULTS[refused.fault]))
    context = _shared(model_admin, request) | {"form": form, "title": _("Import hardware tokens")}
    return TemplateResponse(
        request, "admin/desk/token_import.html", context, status=422 if form.is_bound and form.errors else 200
    )


def _begin(request: HttpRequest, form: FileForm) -> int:
    file = form.cleaned_data["file"]
    unlock = form.cleaned_data["unlock"]
    actor = cast(User, request.user)
    batch = batches.begin(file.read(), name=one_line(file.name), unlock=unlock, actor=actor, now=timezone.now())
    return int(batch.pk)


@require_http_methods(["GET", "POST"])
@full_proof_required
def _look(request: HttpRequest, model_admin: ModelAdmin[Any], pk: int) -> HttpResponse:
    actor, now = cast(User, request.user), timezone.now()
    try:
        batch = batches.waiting(actor, pk, now=now)
        if request.method == "POST":
            return _written(request, batches.confirm(actor, pk, now=now))
        found = batches.preview(batch)
    except Unusable as refused:
        messages.warning(request, refused.words)
        return redirect("admin:mfa_hardwaretoken_import")
    except crypto.Undecryptable:
        messages.warning(request, _("What was read of this file cannot be opened any more. Choose it again."))
        return redirect("admin:mfa_hardwaretoken_import")
    context = (
        _shared(model_admin, request) | _shown(request, found) | {"batch": batch, "title": _("Look before importing")}
    )
    return TemplateResponse(request, "admin/desk/token_preview.html", context)


def _shown(request: HttpRequest, found: batches.Preview) -> dict[str, Any]:
    counts = {name: len(getattr(found, name)) for name in SHOWN}
    asked = request.GET.get("show", "")
    show = asked if asked in SHOWN else next((name for name in SHOWN if counts[name]), "new")
    page = Paginator(getattr(found, show), PER_PAGE).get_page(request.GET.get("page"))
    rows = [(line, _words(line)) for line in page]
    return {"counts": counts, "show": show, "page_obj": page, "rows": rows}


def _words(line: Line) -> str:
    return str(REASONS[line.refused]) if line.refused else ""


def _written(request: HttpRequest, count: int) -> HttpResponse:
    words = ngettext("%(count)d token was imported.", "%(count)d tokens were imported.", count)
    messages.success(request, words % {"count": count})
    return redirect("admin:mfa_hardwaretoken_changelist")


def _shared(model_admin: ModelAdmin[Any], request: HttpRequest) -> dict[str, Any]:
    return model_admin.admin_site.each_context(request) | {"opts": model_admin.opts}


def _refuse_others(request: HttpRequest) -> None:
    if not cast(User, request.user).has_perm(roles.IMPORT_TOKENS):
        raise PermissionDenied
