"""Secrets of a whole run, searched for in everything that is kept: logs at DEBUG, tables, broker, pages of errors."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.signals import PhoneChange, phones_announced
from mfa import activation, kinds, temporary
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.delivery import hand_over, outbox, tasks
from mfa.factors.motp.algorithm import Motp
from mfa.models import Application, Budget, Delivery
from mfa.oath.codes import Token
from mfa.outcomes import Refused
from mfa.tokens import batches
from mfa.verification import callers
from portal.logs import AddRequestId, JsonLines
from tests.answers import Answer
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.stories import acting, passkeys
from tests.stories.authenticator import scan
from tests.stories.canaries import Canaries, broker, tables, texts_in_tables
from tests.stories.soft_key import SoftKey

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


def messages() -> str:
    """All that was written to people."""
    return "\n".join(outbox.read(delivery) for delivery in Delivery.objects.all())


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


def add_a_passkey(client: Client, canaries: Canaries) -> None:
    """A challenge is in the session while it waits, and nowhere else."""
    key, asked = SoftKey(), passkeys.question(client, passkeys.ADD)
    canaries.codes.append(asked["challenge"])
    answer = key.create(asked)
    assert passkeys.give(client, passkeys.ADD, answer).status_code == 302


def ask_as_gateways_do(client: Client, user: User, canaries: Canaries) -> None:
    """Password, codes and key of the interface and of RADIUS, right ones and wrong ones."""
    desk, now = Application.objects.create(slug="desk", name="Desk", kinds=["totp", "temporary"]), timezone.now()
    terms = temporary.Terms(2, 3, ("desk",))
    canaries.add("temporary code", temporary.issue(user, terms, actor=user, reason="test", now=now))
    later = now + timedelta(days=1)
    key = clients.issue(desk, verbs=tuple(Verb), networks=("127.0.0.0/8",), expires_at=later, actor=user, now=now)
    canaries.add("API key", key)
    canaries.add("secret part of the API key", key[-20:])
    code = canaries.secrets["temporary code"].decode()
    question = {"username": "alice", "password": PASSWORD, "code": code}
    assert ask(client, key, "verify", question).json()["accepted"] is True
    ask(client, key, "verify", question | {"code": "135791"})
    ask(client, key + "x", "verify", question)
    request = {"User-Name": "alice", "User-Password": PASSWORD, "Identifier": "7", "Authenticator": "0x" + "ab" * 16}
    state = ask(client, key, "radius/authorize", request).json()["reply:State"]["value"][0]
    answer = {"State": state, "User-Password": "135792", "Authenticator": "0x" + "cd" * 16}
    assert ask(client, key, "radius/authorize", request | answer).status_code == 401
    canaries.codes += ["135791", "135792", state.removeprefix("0x")]


def be_called_by_helpdesk(user: User, canaries: Canaries) -> None:
    """The code that a caller reads back, sent by mail, typed wrong and then right."""
    agent, now = User.objects.create_user("agent", PASSWORD), timezone.now() + timedelta(minutes=5)
    user = User.objects.get(pk=user.pk)  # as the pages left it
    callers.start(user, "email", actor=agent, now=now)
    canaries.codes += re.findall(r"\b\d{6}\b", outbox.read(Delivery.objects.get(template="caller-code")))
    with pytest.raises(Refused):
        callers.finish(user, "000000", actor=agent, now=now)
    callers.finish(user, canaries.codes[-1], actor=agent, now=now)


def get_a_number_from_helpdesk(user: User, canaries: Canaries) -> None:
    """The code that is read back from a new phone, typed wrong and then right by an agent."""
    agent, client = give_role(User.objects.get(username="agent"), "admin"), Client()
    sign_in(client, agent, add_factor(agent))
    form = {"people": str(user.pk), "reason": "test", "identity": "in-person", "ticket": "INC-7"}
    form |= {"number": "+49 171 3920091", "confirmation": "with-confirmation"}
    Budget.objects.all().delete()
    client.post("/admin/accounts/user/act/phone/", form, secure=True)
    canaries.codes += re.findall(r"\b\d{6}\b", outbox.read(Delivery.objects.get(template="helpdesk-phone")))
    for code, status in (("000000", 422), (canaries.codes[-1], 302)):
        answer = client.post(f"/admin/accounts/user/{user.pk}/number/", {"code": code}, secure=True)
        assert answer.status_code == status


def refuse_the_directory(user: User, canaries: Canaries) -> None:
    """The link that refuses a number which the directory has."""
    new, until = "+4915123456700", timezone.now() + timedelta(days=1)
    User.objects.filter(pk=user.pk).update(phone_next=new, phone_next_at=until)
    change = PhoneChange(user.pk, User.objects.get(pk=user.pk).phone, new)
    phones_announced.send(sender=User, changes=[change], until=until)
    link = re.search(r"/sms/refuse/[^/\s]+/([^/\s]+)/", messages())
    assert link is not None
    canaries.add("refuse code", link[1])
    assert Client().post(link[0], secure=True).status_code == 200


def break_the_glass(user: User, canaries: Canaries) -> None:
    """The code that an operator reads at a shell, once."""
    shown, said = io.StringIO(), io.StringIO()
    call_command("breakglass", user.username, "--reason", "test", stdout=shown, stderr=said)
    canaries.add("breakglass code", shown.getvalue().strip().replace("-", ""))
    canaries.add("breakglass code as shown", shown.getvalue().strip())
    assert canaries.found_in(said.getvalue()) == []


def ask(client: Client, key: str, path: str, question: dict[str, str]) -> Answer:
    return client.post(
        f"/api/v1/{path}", json.dumps(question), content_type="application/json", secure=True,
        headers={"authorization": f"Bearer {key}"},
    )  # fmt: skip


def crash_while_sending(monkeypatch: pytest.MonkeyPatch) -> str:
    """What a worker keeps of a fault that happens while a code is handed over."""
    waiting = Delivery.objects.filter(state=Delivery.State.QUEUED, template="confirm-phone").first()
    assert waiting is not None
    with monkeypatch.context() as patch:
        patch.setattr(hand_over, "of", explode)
        ended = tasks.deliver.apply(args=(waiting.pk,))
    assert ended.state == "FAILURE"
    return f"{ended.result!r} {ended.traceback} {ended.args}"


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


@pytest.mark.row("T-57")
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
        add_a_passkey(client, canaries)
        ask_as_gateways_do(Client(), user, canaries)
        be_called_by_helpdesk(user, canaries)
        get_a_number_from_helpdesk(user, canaries)
        refuse_the_directory(user, canaries)
        canaries.codes.append(client.session.session_key or "")
        result = crash_while_sending(monkeypatch)
        page = crash_in_the_verdict(client, canaries, monkeypatch)
        break_the_glass(user, canaries)
    assert woken
    assert len(log.getvalue()) > 1000
    assert set(canaries.found_in(messages())) <= {"undo code", "refuse code"}
    for sink in (log.getvalue(), tables(), broker(), page, result):
        assert canaries.found_in(sink) == []
    kept = texts_in_tables()
    for code in filter(str.isdigit, canaries.codes):
        assert not re.search(rf"\b{code}\b", kept), code
    for code in canaries.codes:
        assert not re.search(rf"\b{re.escape(code)}\b", log.getvalue() + broker() + result), code
    for number in ("3920090", "3920091"):
        assert number not in log.getvalue() + broker()


def explode(*args: object, **kwargs: object) -> None:
    raise RuntimeError("a fault inside the verdict")
