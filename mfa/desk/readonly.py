"""What the admin's lists have in common: nothing to add, change or delete, and no filter but those that are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin, ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern

from mfa.desk import masks

if TYPE_CHECKING:
    Base = ModelAdmin[Any]
else:
    Base = ModelAdmin


def is_number_of_a_row(text: str) -> bool:
    """Whether what came from outside can be a primary key: ASCII digits, few enough for the database."""
    return text.isascii() and text.isdigit() and len(text) < 19


class Rows(ChangeList):
    """Sorts by what may be sorted by and nothing else: Django takes a column's link away, and obeys `?o=` still."""

    def get_ordering_field(self, field_name: Any) -> Any:
        if self.sortable_by is not None and field_name not in self.sortable_by:
            return None
        return super().get_ordering_field(field_name)


class Offered(Base):
    """Refuses every `?column__lookup=` that is not offered: else a list answers questions about hidden columns, such
    as the first letters of a secret. Nor is it sorted by a column that the role sees masked: the order of the rows
    would tell what the mask hides."""

    show_facets = ShowFacets.NEVER
    masked: tuple[str, ...] = ()
    """Columns that roles without the right to see numbers see masked."""
    lookups: tuple[str, ...] = ()
    """Columns that links may filter by besides `list_filter`."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        items = [item[0] if isinstance(item, (tuple, list)) else item for item in self.list_filter]
        own_names = {getattr(item, "parameter_name", None) for item in items}
        columns = {item for item in items if isinstance(item, str)} | {self.date_hierarchy}
        return lookup in own_names | {*self.lookups} or lookup.split("__")[0] in columns

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Rows

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        hidden = () if masks.sees_all(request) else self.masked
        return [column for column in super().get_sortable_by(request) if column not in hidden]

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:  # type: ignore[override]
        """Ticked boxes name rows by number; anything else was not ticked on our page."""
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(is_number_of_a_row(value) for value in ticked):
            raise BadRequest("not a row")
        return super().response_action(request, queryset)

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """A date that no calendar has, as Django reads any other filter that makes no sense."""
        try:
            return super().get_changelist_instance(request)
        except OverflowError as error:
            raise IncorrectLookupParameters(error) from None


class ReadOnly(Offered):
    """Seen by whoever has the view right, changed by nobody."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        """Without the pages that add, delete and tell Django's own history."""
        gone = ("_add", "_delete", "_history")
        return [url for url in super().get_urls() if not str(getattr(url, "name", "")).endswith(gone)]
