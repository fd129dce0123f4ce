"""Counts the database statements of one right code over the API."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.utils import timezone
from django_otp.oath import hotp

from accounts.models import User
from bench.inside.verification import SECRET
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application


def main() -> None:
    person = User.objects.latest("pk")
    now = timezone.now()
    key = clients.issue(
        Application.objects.get(), verbs=[Verb.VERIFY], networks=["127.0.0.0/8"], expires_at=now + timedelta(days=1),
        actor=person, now=now,
    )  # fmt: skip
    setup_test_environment()
    with CaptureQueriesContext(connection) as statements:
        body = {"username": person.username, "code": f"{hotp(SECRET.encode(), int(now.timestamp()) // 30):06d}"}
        answer = Client(headers={"authorization": f"Bearer {key}"}).post(
            "/api/v1/verify", json.dumps(body), content_type="application/json", headers={"x-forwarded-proto": "https"}
        )
    assert answer.json()["accepted"], answer.content
    print(json.dumps(len(statements)))


if __name__ == "__main__":
    main()
