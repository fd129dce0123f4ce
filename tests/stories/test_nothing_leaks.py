"""Secrets of a whole run, searched for in everything that is kept: logs at DEBUG, tables, broker, pages of errors."""

from __future__ import annotations

import base64
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import activation, kinds
from mfa.delivery import outbox
from mfa.models import Delivery
from portal.logs import AddRequestId, JsonLines
from tests.stories import acting
from tests.stories.authenticator import scan

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "canary-password-7f3a9c"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says at DEBUG, as production writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(AddRequestId())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def tables() -> str:
    """Every row of every table, as a thief of a dump would read them."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        rows = []
        for name in names:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            rows.append(str(cursor.fetchall()))
    return "\n".join(rows)


def broker() -> str:
    folder = Path(settings.DATA_DIR) / "broker"
    files = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    encoded = re.findall(r'"body": "([^"]+)"', "".join(files))
    bodies = [base64.b64decode(body).decode(errors="replace") for body in encoded]
    return "\n".join(files + bodies)


def forms(secret: bytes) -> set[str]:
    """The spellings in which a secret might be kept."""
    plain = secret.decode("latin-1")
    padded = {base64.b32encode(secret).decode(), base64.b64encode(secret).decode()}
    return {plain, secret.hex(), quote(plain), repr(plain)[1:-1], *(text.rstrip("=") for text in padded)}


class Canaries:
    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}

    def add(self, name: str, secret: str | bytes) -> None:
        self.secrets[name] = secret.encode() if isinstance(secret, str) else secret

    def found_in(self, sink: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if any(form in sink for form in forms(secret))]


def codes_in_messages() -> list[str]:
    return [code for delivery in Delivery.objects.all() for code in re.findall(r"\b\d{6}\b", outbox.read(delivery))]


@pytest.mark.row("T-56")
@pytest.mark.row("T-28")
@pytest.mark.row("A-16.2.5")
@pytest.mark.row("A-14.2.1")
def test_no_secret_of_a_whole_run_is_found_in_any_sink(
    client: Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries = Canaries()
    user = User.objects.create_user("alice", PASSWORD, email="alice@example.test")
    canaries.add("password", PASSWORD)
    acting.give_password(client, "alice", PASSWORD + "x")
    acting.give_password(client, "alice", PASSWORD)

    client.post("/totp/add/", {"name": "Phone"}, secure=True)
    phone = scan(client.get("/totp/scan/", secure=True))
    canaries.add("TOTP secret", phone.key)
    first_code = phone.code()
    assert client.post("/totp/scan/", {"code": first_code}, secure=True).status_code == 302

    client.post("/recovery/", secure=True)
    shown = client.get("/recovery/codes/", secure=True).content.decode()
    recovery = re.findall(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", shown)
    assert len(set(recovery)) >= 10
    for code in recovery:
        canaries.add(f"recovery code {code[:4]}", code)
        canaries.add(f"recovery code {code[:4]} as typed", code.replace("-", ""))
    assert client.post("/recovery/codes/", {"code": recovery[3]}, secure=True).status_code == 302

    client.post("/sms/change/", {"country": "DE", "number": "0171 3920090"}, secure=True)
    sms_code = codes_in_messages()[0]
    assert client.post("/sms/confirm/", {"code": sms_code}, secure=True).status_code == 302

    issued = activation.issue(user, actor=None, reason="test", now=timezone.now())
    canaries.add("activation code", issued.code)
    letters = "".join(outbox.read(delivery) for delivery in Delivery.objects.filter(channel="mail"))
    link = re.search(r"/sms/undo/[^/\s]+/([^/\s]+)/", letters)
    assert link is not None
    canaries.add("undo code", link[1])
    assert Client().get(link[0], secure=True).status_code == 200

    kind = type(kinds.kind("totp"))
    monkeypatch.setattr(kind, "verify", explode)
    client.post("/sign-out/", secure=True)
    acting.give_password(client, "alice", PASSWORD)
    client.raise_request_exception = False
    crashed = acting.give_code(client, "987654")
    assert crashed.status_code == 500

    assert len(log.getvalue()) > 1000
    assert canaries.found_in(log.getvalue()) == []
    assert canaries.found_in(tables()) == []
    assert canaries.found_in(broker()) == []
    assert canaries.found_in(crashed.content.decode()) == []
    for code in (first_code, sms_code, "987654"):
        assert not re.search(rf"\b{code}\b", log.getvalue()), code
        assert not re.search(rf"\b{code}\b", broker()), code
    assert "3920090" not in log.getvalue()


def explode(*args: object, **kwargs: object) -> None:
    raise RuntimeError("a fault inside the verdict")
