"""Whatever is sent, the interface answers as its document says, and never with an error of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from accounts.models import User
from mfa.api.verify import document
from mfa.models import Application
from tests.mfa.api.conftest import Call
from tests.mfa.doors import add_factor, give_role, sign_in

Keys = Callable[..., str]
QUESTION = {"username": "alice", "password": "x", "code": "123456"}
PATHS = ("verify", "challenge", "radius/authorize")
NO_CODES = [
    123456, ["123456"], {"$ne": 1}, True, None, 1e400, "", "1" * 65, "1" * 1_000_000,
]  # fmt: skip


def inside(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The portal in this process, asked over https by its own machine."""
    environ |= {"REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "https"}
    return inside.portal(environ, start_response)  # type: ignore[attr-defined,no-any-return]


inside.portal = get_wsgi_application()  # type: ignore[attr-defined]
schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
schema.app = inside


@pytest.fixture(autouse=True)
def connection_of_the_test() -> Iterator[None]:
    """Each request would begin and end with closing what it takes for its own: the connection of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.row("A-4.1.4", "A-15.3.3")
@schema.parametrize()
@settings(
    max_examples=30, derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
def test_every_answer_is_one_that_the_document_names(
    case: schemathesis.Case[Any], vpn: Application, key_of: Keys
) -> None:
    if not hasattr(vpn, "shown_key"):
        vpn.shown_key = key_of(vpn)  # type: ignore[attr-defined]
    headers = {"Authorization": f"Bearer {vpn.shown_key}", "Host": "portal.test"}  # type: ignore[attr-defined]
    case.call_and_validate(base_url="https://portal.test", headers=headers, excluded_checks=[positive_data_acceptance])


@pytest.mark.row("A-15.3.5", "T-68")
def test_a_code_of_another_type_or_size_is_refused_with_a_reason(call: Call, vpn: Application, key_of: Keys) -> None:
    key = key_of(vpn)
    for code in NO_CODES:
        answer = call("verify", key, **{**QUESTION, "code": code})
        assert answer.status_code in (400, 413, 422), code
        assert answer.json()["detail"]
        assert "1" * 65 not in answer.content.decode()


@pytest.mark.row("A-15.3.1", "A-15.3.3")
@pytest.mark.parametrize("extra", ["is_admin", "user_id", "confirmed", "secret", "failures"])
def test_fields_that_nobody_documented_are_refused(call: Call, vpn: Application, key_of: Keys, extra: str) -> None:
    answer = call("verify", key_of(vpn), **QUESTION, **{extra: True})
    assert answer.status_code == 422


@pytest.mark.row("A-15.3.7", "T-68")
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"username":"alice","username":"bob","code":"123456"}', 400),
        (b'{"username":"alice","code":"1","code":"2"}', 400),
        (b"[" * 5000, 400),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, 400),
        (b"{" + b",".join(b'"k%d":1' % number for number in range(10_000)) + b"}", 413),
        (b'{"username":NaN}', 400),
        (b'"text"', 400),
        (b"\xff\xfe", 400),
        (b"", 400),
    ],
    ids=["name twice", "code twice", "lists", "deep", "ten thousand names", "NaN", "text", "no text", "nothing"],
)
def test_a_body_that_is_not_one_plain_object_is_refused(
    call: Call, vpn: Application, key_of: Keys, raw: bytes, status: int
) -> None:
    answer = call("verify", key_of(vpn), raw=raw)
    assert answer.status_code in (status, 422)
    assert answer.json()["detail"]


@pytest.mark.row("A-4.1.4")
@pytest.mark.parametrize("path", PATHS)
def test_other_methods_and_other_types_of_content_are_refused(
    client: Client, vpn: Application, key_of: Keys, path: str
) -> None:
    headers = {"authorization": f"Bearer {key_of(vpn)}"}
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"):
        answer = client.generic(method, f"/api/v1/{path}", secure=True, headers=headers, REMOTE_ADDR="127.0.0.1")
        assert answer.status_code == 405, method
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"):
        answer = client.generic(
            "POST", f"/api/v1/{path}", "{}", content_type=kind, secure=True, headers=headers, REMOTE_ADDR="127.0.0.1"
        )
        assert answer.status_code == 415, kind


@pytest.mark.row("A-13.4.5")
def test_the_document_is_not_public(client: Client, db: None) -> None:
    for path in ("openapi.json", "docs", ""):
        assert client.get(f"/api/v1/{path}", secure=True).status_code == 404
    assert client.get("/admin/mfa/application/interface/", secure=True).headers["Location"].startswith("/sign-in/")


def test_auditors_read_every_operation_with_its_fields_answers_and_a_command(
    client: Client, make_user: Callable[..., User]
) -> None:
    auditor = give_role(make_user("the-auditor"), "auditor")
    sign_in(client, auditor, add_factor(auditor))
    page = client.get("/admin/mfa/application/interface/", secure=True).content.decode()
    for path in PATHS:
        assert f"POST https://portal.test/api/v1/{path}" in page
    for word in ("username", "User-Name", "415", "curl"):
        assert word in page
    assert client.get("/admin/mfa/application/interface/?as=openapi", secure=True).json() == json.loads(
        json.dumps(document())
    )
