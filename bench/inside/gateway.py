"""People for the soak of a gateway: their apps, numbers of a directory, an admin, an application and its key."""

from __future__ import annotations

import json
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from bench.inside import people
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application
from tests.mfa.doors import give_role

ADMIN = "bench-admin"


def main() -> None:
    now = timezone.now()
    everybody = people.asked_for(now=now)
    admin = give_role(User.objects.create_user(ADMIN, email="bench@example.test"), "admin")
    application = Application.objects.create(
        slug="vpn", name="VPN", mode=Application.Mode.CODE_ONLY, kinds=["totp", "sms"]
    )
    key = clients.issue(
        application, verbs=[Verb.RADIUS], networks=["127.0.0.0/8"], expires_at=now + timedelta(days=1), actor=admin,
        now=now,
    )  # fmt: skip
    print(json.dumps({"key": key, "secret": people.SECRET, "people": [[one.username, one.phone] for one in everybody]}))


if __name__ == "__main__":
    main()
