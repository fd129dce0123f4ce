"""Each page of the portal, taken from the URL map, against what holds for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.models import Factor, Finding, Remembered, RememberRule
from tests.answers import Answer
from tests.mfa.doors import add_factor, sign_in
from tests.mfa.tokens.shelf import put
from tests.stories import acting
from tests.sweeps.url_map import Page, pages
from tests.tables import BAD_CODES, BAD_NAMES, BAD_PHONES

PUBLIC = {
    "sign-in/", "sign-in/code/", "sign-in/code/send/", "sign-out/", "health/live", "health/ready",
    "health/jobs", "metrics",
    "sms/undo/<slug:token>/<slug:code>/", "sms/refuse/<slug:token>/<slug:code>/",
    "messages/<int:delivery_id>/", "inbox/", "language/", "sign-in/lost-phone/", "sign-in/lost-phone/next/",
    "activation/password/", "webauthn/sign-in/", "webauthn/sign-in/options/",
    "receipts/kannel/<slug:key>/<slug:token>/", "receipts/twilio/<slug:key>/<slug:token>/",
}  # fmt: skip
"""Open to everybody; each for a reason. A page that joins them joins this list, in review."""

NEEDS_NO_PROOF = {
    "prove/", "prove/send/", "prove/alone/", "prove/alone/send/", "activation/", "test/", "test/send/", "lost-phone/",
    "advice/rest/", "rehearsal/talk/",
}  # fmt: skip
"""By POST, yet without fresh proof: they are how one gives it, judge a code and change nothing, only take away from
whoever may have nothing left to prove it with, or put a piece of advice off."""

NOT_ALLOWED = 405
QUERIES = ("way", "next", "page")
FIELDS = (*QUERIES, "code", "username", "password", "name", "number", "country", "first", "second")

ALL = pages()
CLOSED = [page for page in ALL if not page.is_public]
CHANGING = [page for page in CLOSED if page.needs_fresh_proof]


def fill(page: Page, owner: User) -> str:
    factor = Factor.objects.filter(user=owner, kind=page.route.partition("/")[0]).first()
    return page.url(pk=factor.pk if factor else 1, token="x" * 43, code="y" * 43, key="z" * 22, delivery_id=1)


def content() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table that a person could change, for a comparison."""
    ignored = {
        "session",
        "opensession",
        "authenticationrecord",
        "guesscounter",
        "contenttype",
        "permission",
        "periodictasks",
    }
    return {
        model._meta.label: sorted(model._default_manager.values_list(), key=str)
        for model in apps.get_models()
        if model._meta.model_name not in ignored
    }


def without_tokens(answer: Answer) -> bytes:
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", answer.content)


@pytest.fixture
def person(client: Client, alice: User) -> acting.Person:
    Finding.objects.create(part="worker", state=Finding.State.OK)  # a job got through, as where workers run
    return acting.with_app(client, alice)


def test_exactly_the_listed_pages_are_open_to_everybody() -> None:
    assert {page.route for page in ALL if page.is_public} - PUBLIC == set()


def test_every_argument_of_an_address_is_filled_in(alice: User) -> None:
    """An argument with a name that is new here would be swept as an address that does not exist."""
    assert [page.route for page in ALL if "<" in fill(page, alice)] == []


@pytest.mark.row("A-6.3.3")
@pytest.mark.parametrize("page", CLOSED, ids=str)
def test_a_stranger_is_sent_to_sign_in(client: Client, page: Page, db: None) -> None:
    for method in (client.get, client.post):
        answer = method(page.url(pk=1, token="x" * 43), secure=True)
        assert answer.status_code == 302, page
        assert answer.headers["Location"].startswith("/sign-in/"), page


@pytest.mark.row("A-6.3.3")
@pytest.mark.row("A-2.3.1")
@pytest.mark.parametrize("page", CLOSED, ids=str)
def test_the_password_alone_reaches_nothing(client: Client, alice: User, page: Page) -> None:
    acting.with_app(Client(), alice)
    acting.give_password(client, "alice")
    answer = client.get(page.url(pk=1, token="x" * 43), secure=True)
    assert answer.headers["Location"].startswith("/sign-in/")


@pytest.mark.row("T-21")
@pytest.mark.row("T-22")
@pytest.mark.row("T-22b")
@pytest.mark.row("A-7.5.1")
@pytest.mark.parametrize("page", CHANGING, ids=str)
def test_without_fresh_proof_a_change_is_not_made(person: acting.Person, page: Page) -> None:
    person.let_proof_grow_old()
    before = content()
    answer = person.client.post(fill(page, person.user), {"confirm": "yes", "name": "x", "code": "123456"}, secure=True)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/prove/")
    assert content() == before


@pytest.mark.row("T-21")
def test_every_page_that_takes_a_form_behind_the_gate_asks_for_fresh_proof() -> None:
    """A view that is neither safe-only nor listed above must carry the decorator."""
    open_to_post = {page.route for page in CLOSED if not page.needs_fresh_proof and accepts_post(page)}
    assert open_to_post - NEEDS_NO_PROOF == set()


def accepts_post(page: Page) -> bool:
    """Whether the view runs on POST; one that is for reading answers 405 before anything else."""
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpResponseNotAllowed
    from django.test import RequestFactory

    request = RequestFactory().post("/")
    request.user = AnonymousUser()
    try:
        answer: HttpResponse | None = page.view(request, **({"pk": 1} if "pk" in page.route else {}))
    except Exception:  # noqa: BLE001 (whatever it trips over, it ran)
        return True
    return not isinstance(answer, HttpResponseNotAllowed)


@pytest.mark.row("T-23")
@pytest.mark.row("A-3.5.1")
@pytest.mark.parametrize("page", [page for page in ALL if "health" not in page.route], ids=str)
def test_a_post_without_its_token_is_refused(person: acting.Person, page: Page) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = person.client.cookies
    before = content()
    assert strict.post(fill(page, person.user), {}, secure=True).status_code in (403, NOT_ALLOWED)
    assert content() == before


@pytest.mark.row("A-3.5.1")
@pytest.mark.row("A-4.1.4")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"])
def test_nothing_changes_by_any_other_method(person: acting.Person, method: str) -> None:
    before = content()
    for page in ALL:
        if page.route == "sign-out/":
            continue
        answer = person.client.generic(method, fill(page, person.user), secure=True)
        assert answer.status_code < 500, page
        if method in ("TRACE", "PUT", "DELETE", "PATCH"):
            assert answer.status_code in (404, NOT_ALLOWED), page
    assert content() == before


@pytest.mark.row("A-8.2.2")
@pytest.mark.parametrize("page", [page for page in CLOSED if "<int:pk>" in page.route], ids=str)
def test_what_belongs_to_another_person_does_not_exist(
    person: acting.Person, make_user: Callable[..., User], page: Page
) -> None:
    bob = make_user("bob")
    row = row_for(page, bob)
    sign_in(owner := Client(), bob, add_factor(bob))
    assert asked(owner, page.url(pk=row.pk)).status_code != 404
    theirs, unknown = (asked(person.client, page.url(pk=pk)) for pk in (row.pk, 999_999))
    assert theirs.status_code == unknown.status_code == 404
    assert without_tokens(theirs) == without_tokens(unknown)


def row_for(page: Page, owner: User) -> Factor | Remembered:
    """A factor that this page is about, or what an application remembers."""
    slug = page.route.partition("/")[0]
    if slug == "sessions":
        rule = RememberRule.objects.create(name="Sweep", scope="user", seconds=3600)
        until = timezone.now() + timedelta(hours=1)
        return Remembered.objects.create(rule=rule, user=owner, kind="totp", epoch=owner.security_epoch, until=until)
    if slug == "resume":
        return add_factor(owner, name="Lost", suspended_at=timezone.now())
    return add_factor(owner, slug, name="Own", key=put("7001").key if slug == "token" else f"own:{slug}")


def asked(client: Client, url: str) -> Answer:
    """By POST where there is nothing to read."""
    answer: Answer = client.get(url, secure=True)
    return client.post(url, secure=True) if answer.status_code == NOT_ALLOWED else answer


@pytest.mark.row("T-68")
@pytest.mark.row("A-15.3.5")
@pytest.mark.parametrize("page", ALL, ids=str)
def test_odd_input_in_every_field_is_an_error_on_the_page_and_never_a_fault(
    person: acting.Person, page: Page, settings: LazySettings
) -> None:
    settings.PHONE_COUNTRIES = frozenset({"AT", "CH", "DE", "GB", "US"})  # a list of every country takes long to write
    numbers = [text for text, _ in BAD_PHONES] if page.route.startswith("sms/") else []
    typed = {text[:20_000] for text in (*BAD_CODES, *BAD_NAMES, *numbers)}
    asked = {text[:2000] for text in (*BAD_CODES, *BAD_NAMES)}
    for send, names, texts in ((person.client.post, FIELDS, typed), (person.client.get, QUERIES, asked)):
        for text in sorted(texts):
            answer = send(fill(page, person.user), dict.fromkeys(names, text), secure=True)
            assert answer.status_code < 500, (page, text[:40])
            if answer.status_code == NOT_ALLOWED:
                break  # before anything was read
    assert timezone.now() > person.started
