"""Each address of the admin, taken from the URL map, against what holds for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.resolvers import RoutePattern
from django.utils import timezone

from accounts.models import User
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.mfa.test_roles import DOCUMENT
from tests.sweeps.test_every_url import content

FORM = {"people": "1", "reason": "r", "identity": "in-person", "username": "new", "confirm": "yes", "post": "yes"}


BESIDE_THE_TABLE = {
    "admin/": "the start, which shows what a role may see",
    "admin/autocomplete/": "Django's, asks for the right to see what it lists",
    "admin/jsi18n/": "texts of Django's scripts",
    "admin/mfa/bulkact/<int:pk>/start/": "for whoever ordered the act, as tests/mfa/bulk/test_second_person.py has it",
    "admin/mfa/hardwaretoken/import/<int:pk>/": "for whoever read the file, as tests/mfa/test_admin_tokens.py has it",
}
"""Addresses that the table of docs/security-roles.md does not name, each with its reason."""
BY_DJANGO = ("<path:object_id>/", "<path:object_id>/history/")
"""Of every table of the admin: the address of old that leads to its page, and the history, which is not kept."""


def addresses() -> list[str]:
    """Every address of the admin with its arguments filled in; those by regular expression only list applications."""
    return sorted({f"/{route}" for route in _walk(get_resolver().url_patterns, "") if route.startswith("admin/")})


def routes() -> set[str]:
    """Every address of the admin as the URL map has it."""
    return {route for route in _routes(get_resolver().url_patterns, "") if route.startswith("admin/")}


def _routes(patterns: list[Any], prefix: str) -> Iterator[str]:
    for entry in patterns:
        if isinstance(entry.pattern, RoutePattern):
            route = prefix + str(entry.pattern)
            yield from _routes(entry.url_patterns, route) if isinstance(entry, URLResolver) else [route]


def _walk(patterns: list[Any], prefix: str) -> Iterator[str]:
    for entry in patterns:
        if not isinstance(entry.pattern, RoutePattern):
            continue
        route = str(entry.pattern)
        for name, converter in entry.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower()
            given = {"int": "1", "string": "1", "slug": "reset", "path": "1"}[kind]
            spellings = (f"<{short}:{name}>" for short in ("int", "str", "slug", "path"))
            for spelling in (*spellings, f"<{name}>"):
                route = route.replace(spelling, given)
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, prefix + route)
        elif isinstance(entry, URLPattern):
            yield prefix + route


@pytest.fixture
def enter(client: Client, make_user: Callable[..., User]) -> Callable[..., Client]:
    """`enter("admin", minutes=6)` is somebody with that role whose proof is so old."""

    def as_role(role: str, *, minutes: int = 0) -> Client:
        user = make_user("agent")
        user = give_role(user, role) if role else user
        sign_in(client, user, add_factor(user), proved_at=timezone.now() - timedelta(minutes=minutes))
        return client

    return as_role


def test_the_map_of_the_admin_is_walked() -> None:
    known = {"/admin/accounts/user/act/reset/", "/admin/accounts/user/add/", "/admin/mfa/rule/preview/"}
    assert known <= set(addresses())
    assert not [address for address in addresses() if "<" in address]


@pytest.mark.row("A-8.1.1")
def test_the_table_of_roles_names_every_address_of_the_admin() -> None:
    named = re.findall(r"^\| [^|]+ \| (?:GET|POST) `([^`?]+)", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    known = {resolve(re.sub(r"\{\w+\}", "1", address)).route for address in named}
    left = {route for route in routes() - known if not route.endswith(BY_DJANGO)}
    assert left == set(BESIDE_THE_TABLE)


@pytest.mark.row("A-7.5.1")
@pytest.mark.row("A-8.4.2")
def test_nothing_in_the_admin_changes_without_a_fresh_proof(enter: Callable[..., Client], alice: User) -> None:
    client = enter("admin", minutes=6)
    before = content()
    for address in addresses():
        answer = client.post(address, FORM, secure=True)
        assert answer.status_code == 302, address
        assert answer.headers["Location"].startswith("/prove/"), address
    assert content() == before


@pytest.mark.row("T-23")
@pytest.mark.row("A-3.5.1")
def test_nothing_in_the_admin_changes_without_its_token(enter: Callable[..., Client], alice: User) -> None:
    client = enter("admin")
    client.handler.enforce_csrf_checks = True
    before = content()
    for address in addresses():
        assert client.post(address, FORM, secure=True).status_code in (403, 405), address
    assert content() == before


@pytest.mark.row("A-8.2.1")
@pytest.mark.parametrize("role", ["", "auditor"])
def test_whoever_has_no_right_to_change_changes_nothing_anywhere_in_the_admin(
    enter: Callable[..., Client], alice: User, role: str
) -> None:
    client = enter(role)
    before = content()
    for address in addresses():
        answer = client.post(address, FORM | {"people": str(alice.pk)}, secure=True)
        assert answer.status_code < 500, address
        assert role or answer.status_code == 403, address
    after = content()
    assert {name for name in before if before[name] != after[name]} <= {"mfa.AuditEvent"}
