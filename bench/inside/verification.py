"""People with an authenticator app here and in django-otp's table, an application, and its key."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from bench.inside import people
from mfa import limits
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application, GuessCounter


def main() -> None:
    now = timezone.now()
    everybody = people.asked_for(now=now)
    # As of people who have signed in before.
    GuessCounter.objects.bulk_create([GuessCounter(subject=limits.of_account(person)) for person in everybody])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO otp_totp_totpdevice (name, confirmed, key, step, t0, digits, tolerance, drift, last_t,"
            " user_id, throttling_failure_count, created_at, last_used_at)"
            " SELECT 'App', true, %s, 30, 0, 6, 1, 0, -1, id, 0, now(), null FROM accounts_user",
            [people.SECRET.encode().hex()],
        )
    application = Application.objects.create(slug="vpn", name="VPN", mode=Application.Mode.CODE_ONLY)
    key = clients.issue(
        application, verbs=tuple(Verb), networks=["127.0.0.0/8"], expires_at=now + timedelta(days=1),
        actor=everybody[-1], now=now,
    )  # fmt: skip
    print(json.dumps({"key": key, "secret": people.SECRET, "people": [person.username for person in everybody]}))


if __name__ == "__main__":
    main()
