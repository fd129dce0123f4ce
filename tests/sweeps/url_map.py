"""The portal's own URL map, walked: what a sweep tests is what exists, not what somebody remembered to list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

View = Callable[..., HttpResponse]
APART = ("admin/", "api/")
"""They have sweeps of their own."""


@dataclass(frozen=True)
class Page:
    """One URL pattern: its route (`totp/<int:pk>/remove/`) and its view."""

    route: str
    view: View

    def url(self, **arguments: object) -> str:
        """The address with its `<converter:name>` parts filled in."""
        filled = self.route
        for name, value in arguments.items():
            for converter in ("int", "str", "slug", "uuid"):
                filled = filled.replace(f"<{converter}:{name}>", str(value))
        return f"/{filled}"

    @property
    def is_public(self) -> bool:
        return not getattr(self.view, "login_required", True)

    @property
    def needs_fresh_proof(self) -> bool:
        return bool(getattr(self.view, "needs_fresh_proof", False))

    @property
    def takes_arguments(self) -> bool:
        return "<" in self.route

    def __str__(self) -> str:
        return self.route or "/"


def pages() -> list[Page]:
    """Every page outside the admin and the interface."""
    return [page for page in _walk(get_resolver().url_patterns, "") if not page.route.startswith(APART)]


def _walk(patterns: list[Any], prefix: str) -> Iterator[Page]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield Page(prefix + str(pattern.pattern), pattern.callback)
