"""A portal that finds one more folder where factors are, in a process of its own; prints what every door made of it.

Argument: the folder that holds the new factor's folder.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import django
from django.test.utils import setup_test_environment

import mfa.factors

mfa.factors.__path__.append(sys.argv[1])
django.setup()
setup_test_environment()

from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application, AuthenticationRecord
from tests.conftest import PASSWORD
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.stories import acting

RIGHT, WRONG = "246813", "246814"


def own_pages() -> dict[str, object]:
    """Set one up and sign in with it."""
    client = Client()
    acting.give_password(client, "alice")
    offered = "A pebble from the beach" in client.get("/enrol/", secure=True, follow=True).content.decode()
    added = client.post("/pebble/add/", secure=True).status_code
    card = "Smooth and grey" in client.get("/", secure=True).content.decode()
    again = Client()
    acting.give_password(again, "alice")
    refused = acting.give_code(again, WRONG, "pebble").status_code
    accepted = acting.give_code(again, RIGHT, "pebble").status_code
    return {"offered": offered, "added": added, "card": card, "refused": refused, "accepted": accepted}


def interface() -> dict[str, object]:
    vpn, now = Application.objects.create(slug="vpn", name="VPN"), timezone.now()
    key = clients.issue(
        vpn, verbs=tuple(Verb), networks=("127.0.0.0/8",), expires_at=now + timedelta(days=1),
        actor=User.objects.get(username="root"), now=now,
    )  # fmt: skip
    question = {"username": "alice", "password": PASSWORD, "code": RIGHT}
    answer = Client().post(
        "/api/v1/verify", json.dumps(question), content_type="application/json", secure=True,
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip
    told: dict[str, object] = answer.json()
    return told


def admin() -> dict[str, object]:
    root = give_role(User.objects.get(username="root"), "admin")
    client = Client()
    sign_in(client, root, add_factor(root))
    alice = User.objects.get(username="alice")
    pages = {
        "person": f"/admin/accounts/user/{alice.pk}/change/",
        "log": "/admin/mfa/authenticationrecord/",
    }
    return {name: "pebble" in client.get(url, secure=True).content.decode().lower() for name, url in pages.items()}


def main() -> None:
    for name in ("alice", "root"):
        User.objects.create_user(name, PASSWORD, email=f"{name}@portal.test")
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    found = {"own": own_pages(), "api": interface(), "admin": admin()}
    log = list(AuthenticationRecord.objects.filter(kind="pebble").order_by("pk").values_list("accepted", flat=True))
    sys.stdout.write(json.dumps(found | {"log": log}))


if __name__ == "__main__":
    main()
