"""Where a request came from, and under which id it is known: only a trusted proxy has a say in either."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts import trace
from portal import parse
from portal.middleware import ClientAddress, RequestId

PROXY = "10.0.0.1"
SECOND_PROXY = "10.0.0.2"
CLIENT = "203.0.113.9"
OFFICE = "198.51.100.7"
FORGED = ["X-Real-IP", "True-Client-IP", "Forwarded", "Client-IP", "CF-Connecting-IP", "X-Client-IP"]


@pytest.fixture(autouse=True)
def _trusted(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = parse.networks("10.0.0.0/24, 2001:db8::/64")


def seen(peer: str, forwarded: str | None = None, **headers: str) -> tuple[str, str]:
    """The address and the scheme that views see."""
    found: list[tuple[str, str]] = []

    def view(request: HttpRequest) -> HttpResponse:
        assert trace.address.get() == request.META["REMOTE_ADDR"]
        found.append((request.META["REMOTE_ADDR"], request.scheme or ""))
        return HttpResponse()

    given = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    ClientAddress(view)(RequestFactory().get("/", headers={**given, **headers}, REMOTE_ADDR=peer))
    return found[0]


@pytest.mark.row("T-30", "A-4.1.3", "A-15.3.4")
@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (CLIENT, None, CLIENT),
        (CLIENT, OFFICE, CLIENT),
        (CLIENT, f"{OFFICE}, {PROXY}", CLIENT),
        (PROXY, None, PROXY),
        (PROXY, CLIENT, CLIENT),
        (PROXY, f"{OFFICE}, {CLIENT}", CLIENT),
        (PROXY, f"{OFFICE},{CLIENT},{SECOND_PROXY}", CLIENT),
        (PROXY, f"{PROXY}, {CLIENT}", CLIENT),
        (PROXY, f"{CLIENT}, {PROXY}, {SECOND_PROXY}", CLIENT),
        (PROXY, f"{SECOND_PROXY}, {PROXY}", SECOND_PROXY),
        (PROXY, f"  {CLIENT}  ", CLIENT),
        (PROXY, "2001:db8:1::9", "2001:db8:1::9"),
        ("2001:db8::1", CLIENT, CLIENT),
        ("::ffff:10.0.0.1", CLIENT, CLIENT),
        (PROXY, f"{CLIENT}, ::ffff:10.0.0.2", CLIENT),
        ("::ffff:203.0.113.9", OFFICE, "203.0.113.9"),
    ],
)
def test_nearest_hop_that_is_no_trusted_proxy_is_the_client(peer: str, forwarded: str | None, expected: str) -> None:
    assert seen(peer, forwarded)[0] == expected


@pytest.mark.row("T-30")
@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("peer", [CLIENT, PROXY])
def test_no_other_header_says_where_a_request_came_from(peer: str, name: str) -> None:
    assert seen(peer, **{name: OFFICE})[0] == peer


@pytest.mark.row("T-30")
def test_no_proxy_is_trusted_unless_it_is_named(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = parse.networks("")
    for peer in (PROXY, "127.0.0.1", "::1", ""):
        assert seen(peer, OFFICE)[0] == peer


@pytest.mark.row("T-31")
@pytest.mark.parametrize(
    "junk",
    [
        "",
        "a",
        "unknown",
        ",",
        ", ,",
        "203.0.113.9:4711",
        "[2001:db8:1::9]:443",
        "[2001:db8:1::9]",
        "0203.0.113.009",
        "3405803785",
        "0xcb007109",
        "203.0.113",
        "203.0.113.0/24",
        "fe80::1%eth0;rm",
        "１.２.３.４",
        "x" * 10_000,
        "1," * 10_000,
        "'; DROP TABLE people; --",
        "\u2028",
    ],
)
def test_entry_that_is_no_address_is_never_taken_for_one(junk: str) -> None:
    address = seen(PROXY, junk)[0]
    assert address in (PROXY, "1") or parse.networks(address)
    assert seen(PROXY, f"{OFFICE}, {junk}")[0] != OFFICE
    assert seen(CLIENT, junk)[0] == CLIENT


@pytest.mark.row("T-31")
def test_long_chain_is_cut_without_reaching_what_the_client_wrote() -> None:
    assert seen(PROXY, ", ".join([OFFICE, *[PROXY] * 5_000]))[0] == PROXY


@pytest.mark.row("T-30")
@pytest.mark.parametrize(
    ("peer", "told", "expected"),
    [(PROXY, "https", "https"), (PROXY, "http", "http"), (PROXY, "HTTPS, http", "http"), (CLIENT, "https", "http")],
)
def test_scheme_is_what_a_trusted_proxy_says(peer: str, told: str, expected: str) -> None:
    assert seen(peer, **{"X-Forwarded-Proto": told})[1] == expected


def answered_id(peer: str, given: str) -> str:
    response = RequestId(lambda request: HttpResponse(trace.request_id.get()))(
        RequestFactory().get("/", headers={"X-Request-Id": given}, REMOTE_ADDR=peer)
    )
    assert isinstance(response, HttpResponse)
    assert response.content.decode() == response["X-Request-Id"]
    assert trace.request_id.get() == ""
    return response["X-Request-Id"]


@pytest.mark.row("A-16.2.1")
def test_id_of_a_trusted_proxy_is_kept() -> None:
    assert answered_id(PROXY, "0af7651916cd43dd8448eb211c80319c") == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space in it", "line\nbreak-0123", "<script>alert(1)"])
def test_id_of_another_shape_is_replaced(given: str) -> None:
    assert answered_id(PROXY, given) != given
    assert len(answered_id(PROXY, given)) == 32


def test_id_of_a_stranger_is_replaced() -> None:
    assert answered_id(CLIENT, "0af7651916cd43dd8448eb211c80319c") != "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.row("T-68")
@pytest.mark.parametrize(
    "sent",
    [
        {"path": "/receipts/kannel/a%00/"},
        {"path": "/sign-in/?next=%00"},
        {"path": "/sign-in/", "HTTP_COOKIE": '__Host-session="aaaaaaaaaaaaaaaa\\000"'},
        {"path": "/sign-in/", "HTTP_USER_AGENT": "a\0"},
        {"path": "/sign-in/", "HTTP_AUTHORIZATION": "Bearer a\0.b"},
    ],
    ids=["path", "query", "cookie", "agent", "key"],
)
def test_a_nul_that_no_database_keeps_is_refused_before_anybody_looks_for_it(
    client: Client, sent: dict[str, str]
) -> None:
    environ: dict[str, Any] = {name: value for name, value in sent.items() if name != "path"}
    assert client.get(sent["path"], secure=True, **environ).status_code == 400
