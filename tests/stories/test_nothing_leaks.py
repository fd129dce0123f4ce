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
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from mfa import activation, kinds
from mfa.delivery import hand_over, outbox
from mfa.factors.motp.algorithm import Motp
from mfa.models import Application, Delivery
from mfa.oath.codes import Token
from mfa.tokens import batches
from portal.logs import AddRequestId, JsonLines
from tests.stories import acting
from tests.stories.authenticator import scan

pytestmark = pytest.mark.django_db

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
        self.codes: list[str] = []

    def add(self, name: str, secret: str | bytes) -> None:
        self.secrets[name] = secret.encode() if isinstance(secret, str) else secret

    def found_in(self, sink: str) -> list[str]:
        return [name for name, secret in self.secrets.items() if any(form in sink for form in forms(secret))]


def codes_in_messages() -> list[str]:
    return [code for delivery in Delivery.objects.all() for code in re.findall(r"\b\d{6}\b", outbox.read(delivery))]


def enrol_app(client: Client, canaries: Canaries) -> None:
    client.post("/totp/add/", {"name": "Phone"}, secure=True)
    phone = scan(client.get("/totp/scan/", secure=True))
    canaries.add("TOTP secret", phone.key)
    canaries.codes.append(phone.code())
    assert client.post("/totp/scan/", {"code": canaries.codes[-1]}, secure=True).status_code == 302


def enrol_motp(client: Client, canaries: Canaries) -> None:
    pin, secret = "86420975", "c0ffee0123456789"
    canaries.add("mOTP PIN", pin)
    canaries.add("mOTP secret", secret)
    client.post("/motp/add/", {"name": "Router", "pin": pin, "source": "typed", "secret": secret}, secure=True)
    motp = Motp(secret, pin)
    canaries.codes.append(motp.code(motp.step_at(timezone.now())))
    assert client.post("/motp/confirm/", {"code": canaries.codes[-1]}, secure=True).status_code == 302


def take_a_token(client: Client, user: User, canaries: Canaries) -> None:
    seed = b"canary-token-seed-81"
    canaries.add("token seed", seed)
    data = f"serial,secret_hex,type\nAB1,{seed.hex()},hotp\nAB2,{seed.hex()},hotp\n".encode()
    batch = batches.begin(data, name="tokens.csv", unlock="", actor=user, now=timezone.now())
    batches.confirm(user, batch.pk, now=timezone.now())
    batches.begin(data, name="waits.csv", unlock="", actor=user, now=timezone.now())
    canaries.codes.append(Token(seed).code(0))
    taken = client.post("/token/add/", {"serial": "AB1", "code": canaries.codes[-1]}, secure=True)
    assert taken.status_code == 302


def make_recovery_codes(client: Client, canaries: Canaries) -> None:
    client.post("/recovery/", secure=True)
    codes = acting.recovery_codes(client.get("/recovery/codes/", secure=True).content.decode())
    assert len(codes) == 10
    for code in codes:
        canaries.add(f"recovery code {code[:4]}", code)
        canaries.add(f"recovery code {code[:4]} as typed", code.replace("-", ""))
    assert client.post("/recovery/codes/", {"code": codes[3]}, secure=True).status_code == 302


def change_phone(client: Client, canaries: Canaries) -> None:
    client.post("/sms/change/", {"country": "DE", "number": "0171 3920090"}, secure=True)
    canaries.codes += codes_in_messages()
    assert client.post("/sms/confirm/", {"code": canaries.codes[-1]}, secure=True).status_code == 302
    letters = "".join(outbox.read(delivery) for delivery in Delivery.objects.filter(channel="mail"))
    link = re.search(r"/sms/undo/[^/\s]+/([^/\s]+)/", letters)
    assert link is not None
    canaries.add("undo code", link[1])
    assert Client().get(link[0], secure=True).status_code == 200


def confirm_mailbox(client: Client, canaries: Canaries) -> None:
    Application.objects.create(slug="vpn", name="VPN", kinds=["email"])
    client.post("/email/", secure=True)
    sent = Delivery.objects.get(template="confirm-email")
    canaries.codes.append(outbox.read(sent).rpartition("#")[2])
    hand_over.attempt(sent.pk, clock=timezone.now)
    assert client.post("/email/confirm/", {"code": canaries.codes[-1]}, secure=True).status_code == 302
    assert canaries.codes[-1] not in str(Delivery.objects.filter(pk=sent.pk).values())


def crash_in_the_verdict(client: Client, canaries: Canaries, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a fault that happens while a code is judged."""
    monkeypatch.setattr(type(kinds.kind("totp")), "verify", explode)
    client.post("/sign-out/", secure=True)
    acting.give_password(client, "alice", PASSWORD)
    client.raise_request_exception = False
    canaries.codes.append("987654")
    answer = acting.give_code(client, "987654")
    assert answer.status_code == 500
    return answer.content.decode()


@pytest.mark.row("T-56")
@pytest.mark.row("T-28")
@pytest.mark.row("A-16.2.5")
@pytest.mark.row("A-14.2.1")
def test_no_secret_of_a_whole_run_is_found_in_any_sink(
    client: Client,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    canaries = Canaries()
    canaries.add("password", PASSWORD)
    user = User.objects.create_user("alice", PASSWORD, email="alice@example.test")
    with django_capture_on_commit_callbacks(execute=True) as woken:
        acting.give_password(client, "alice", PASSWORD + "x")
        acting.give_password(client, "alice", PASSWORD)
        enrol_app(client, canaries)
        enrol_motp(client, canaries)
        take_a_token(client, user, canaries)
        make_recovery_codes(client, canaries)
        change_phone(client, canaries)
        confirm_mailbox(client, canaries)
        canaries.add("activation code", activation.issue(user, actor=None, reason="test", now=timezone.now()).code)
        page = crash_in_the_verdict(client, canaries, monkeypatch)
    assert woken
    assert len(log.getvalue()) > 1000
    for sink in (log.getvalue(), tables(), broker(), page):
        assert canaries.found_in(sink) == []
    for code in canaries.codes:
        assert not re.search(rf"\b{code}\b", log.getvalue() + broker()), code
    assert "3920090" not in log.getvalue()


def explode(*args: object, **kwargs: object) -> None:
    raise RuntimeError("a fault inside the verdict")
