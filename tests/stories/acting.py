"""What people do in stories, through HTTP only: type a password, read their app, open a page."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone
from django_otp.oath import totp

from accounts.models import User
from mfa import proof
from mfa.factors.totp import flows
from mfa.factors.totp.factor import token_of
from tests.answers import Answer
from tests.conftest import PASSWORD
from tests.stories.authenticator import Phone


@dataclass
class Person:
    """Somebody at a browser, signed in, with an authenticator app whose codes can be read."""

    client: Client
    user: User
    secret: bytes
    started: datetime

    def code(self, *, steps: int = 0) -> str:
        """What the app shows now, or `steps` times 30 seconds from now."""
        return code_of(self.secret, steps=steps)

    def wrong_code(self) -> str:
        return Phone(self.secret, "").wrong()

    def let_proof_grow_old(self) -> None:
        session = self.client.session
        session[proof.SESSION_KEY] -= timedelta(minutes=6).total_seconds()
        session.save()


def code_of(secret: bytes, *, steps: int = 0, at: datetime | None = None) -> str:
    moment = at.timestamp() if at else time.time()
    return f"{totp(secret, step=30, t0=-int(moment - time.time()) - 30 * steps, digits=6):06d}"


def give_password(client: Client, username: str, password: str = PASSWORD) -> Answer:
    return client.post("/sign-in/", {"username": username, "password": password}, secure=True)


def give_code(client: Client, code: str, way: str = "totp") -> Answer:
    return client.post(f"/sign-in/code/?way={way}", {"code": code}, secure=True)


def with_app(client: Client, user: User) -> Person:
    """The person has had an app for some minutes and signs in with it."""
    earlier = timezone.now() - timedelta(minutes=5)
    factor = flows.begin(user, name="Authenticator app", now=earlier, replaces=None)
    secret = token_of(factor).secret
    flows.confirm(user, factor.pk, code_of(secret, at=earlier), now=earlier)
    give_password(client, user.username)
    answer = give_code(client, code_of(secret))
    assert answer.status_code == 302, answer.content.decode()
    user.refresh_from_db()
    return Person(client, user, secret, timezone.now())


def recovery_codes(page: str) -> list[str]:
    """The codes that a page shows, in its order."""
    return list(dict.fromkeys(re.findall(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", page)))
