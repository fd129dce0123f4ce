"""Counts the database statements of one code over the interface: right, wrong, and as FreeRADIUS sends it, each the
second of its sort, since the first one reads what is configured. Begin and end of a transaction count."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.utils import timezone

from accounts.models import User
from bench.inside.people import SECRET
from bench.verification import code_of, wrong_code_of
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application


def main() -> None:
    people = list(User.objects.order_by("-pk")[:6])
    now = timezone.now()
    key = clients.issue(
        Application.objects.get(), verbs=list(Verb), networks=["127.0.0.0/8"], expires_at=now + timedelta(days=1),
        actor=people[0], now=now,
    )  # fmt: skip
    setup_test_environment()
    client = Client(headers={"authorization": f"Bearer {key}", "x-forwarded-proto": "https"})
    right, wrong = code_of(SECRET.encode()), wrong_code_of(SECRET.encode())
    found = {
        sort: [_count(client, path, body(person)) for person in (people.pop(), people.pop())][-1]
        for sort, path, body in (
            ("right", "/api/v1/verify", lambda person: {"username": person.username, "code": right}),
            ("wrong", "/api/v1/verify", lambda person: {"username": person.username, "code": wrong}),
            ("FreeRADIUS", "/api/v1/radius/authorize", lambda person: _attributes(person, right)),
        )
    }
    print(json.dumps(found))


def _count(client: Client, path: str, body: dict[str, Any]) -> int:
    with CaptureQueriesContext(connection) as statements:
        answer = client.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content
    return len(statements)


def _attributes(person: User, code: str) -> dict[str, str]:
    unique = f"0x{secrets.token_hex(16)}"
    return {"User-Name": person.username, "User-Password": code, "Identifier": "7", "Authenticator": unique}


if __name__ == "__main__":
    main()
