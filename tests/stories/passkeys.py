"""What people do with a passkey, through HTTP only: the forms and questions that the page's script sends."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import User
from mfa.models import Factor
from tests.answers import Answer
from tests.stories import acting
from tests.stories.soft_key import SoftKey

SECOND_STEP = "/sign-in/code/?way=webauthn"
PROOF = "/prove/?way=webauthn"
TEST = "/test/?way=webauthn"
ALONE = "/webauthn/sign-in/"
ADD = "/webauthn/add/"


def question(client: Client, path: str) -> dict[str, Any]:
    """What the browser is asked with, at the address that belongs to the page at `path`."""
    page, _, query = path.partition("?")
    action = "send/" if query else "options/"
    answer = client.post(f"{page}{action}?{query}", secure=True)
    assert answer.status_code == 200, answer.headers.get("Location", answer.content.decode())
    options: dict[str, Any] = answer.json()
    return options


def answer_at(client: Client, path: str, key: SoftKey, **wrong: Any) -> Answer:
    """The whole ceremony at the page `path`, with `wrong` parts as `SoftKey.sign` has them."""
    return give(client, path, key.sign(question(client, path), **wrong))


def give(client: Client, path: str, text: str, **more: str) -> Answer:
    return client.post(path, {"code": text} | more, secure=True)


def add(client: Client, key: SoftKey, **wrong: Any) -> Answer:
    return give(client, ADD, key.create(question(client, ADD), **wrong))


def with_passkey(client: Client, user: User, key: SoftKey | None = None) -> tuple[SoftKey, Factor]:
    """The person signs in with the password, sets up a passkey, and stays signed in."""
    acting.give_password(client, user.username)
    key = key or SoftKey()
    answer = add(client, key)
    assert answer.status_code == 302, answer.content.decode()
    user.refresh_from_db()
    return key, Factor.objects.get(kind="webauthn", key=key.name)
