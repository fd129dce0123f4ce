"""The portal's own code on the server's database, for what a race needs beforehand and counts afterwards.

Runs as a process of its own: a line of JSON in, `{"call": name, ...arguments}`, and one out. Tests of other kinds of
factors add functions here.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from accounts.signals import PhoneChange, phones_announced
from mfa import activation, approvals, enrolment, holdings, limits, policy, temporary
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.delivery import outbox
from mfa.factors.email import flows as email
from mfa.factors.motp import flows as motp
from mfa.factors.motp.algorithm import Motp
from mfa.factors.recovery import flows as recovery
from mfa.factors.recovery.factor import KIND as RECOVERY
from mfa.factors.sms import flows as sms
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from mfa.kinds import Answer, Purpose
from mfa.models import (
    Application,
    ApplicationKey,
    Approval,
    AuditEvent,
    AuthenticationRecord,
    Budget,
    CallerCheck,
    Delivery,
    Factor,
    GuessCounter,
    HardwareToken,
    RadiusAnswer,
    RememberRule,
)
from mfa.tokens import stock
from mfa.verification import callers, memory, service
from tests.mfa.doors import give_role, read_back

PASSWORD = "correct horse battery staple"
_changing: list[threading.Thread] = []


def make_person(username: str, *, apps: int = 1, codes: bool = False, required: bool = False) -> dict[str, Any]:
    """A person with apps (pk and secret of each) and recovery codes, all set up some minutes ago."""
    user = User.objects.create_user(username, PASSWORD, email=f"{username}@example.test")
    earlier = timezone.now() - timedelta(minutes=5)
    made = []
    for _ in range(apps):
        factor = totp.begin(user, name=enrolment.free_name(user, "totp"), now=earlier)
        token = token_of(factor)
        totp.confirm(user, factor.pk, token.code(token.step_at(earlier)), now=earlier)
        made.append({"pk": factor.pk, "secret": base64.b32encode(token.secret).decode()})
    if required:
        policy.require(user, True, actor=None, reason="race")
    return {"pk": user.pk, "apps": made, "codes": _make_codes(user) if codes else []}


def _make_codes(user: User) -> list[str]:
    waiting = recovery.begin(user, now=timezone.now())
    shown = recovery.shown(waiting)
    recovery.confirm(user, waiting.pk, shown[0], now=timezone.now())
    return shown


def give_the_role(username: str, role: str) -> None:
    give_role(User.objects.get(username=username), role)


def resets_of(username: str) -> list[str]:
    """Who reset the person's factors, once for each time."""
    rows = AuditEvent.objects.filter(action="factors.reset", user__username=username)
    return [row.actor_name for row in rows.order_by("pk")]


def exempted_by(username: str) -> int:
    """How many people."""
    done = AuditEvent.objects.filter(action="exemption.granted", actor__username=username)
    return done.values("user").distinct().count()


def ask_approval(username: str) -> int:
    matter = approvals.Matter("test", "race", "A race", "/admin/", "mfa.change_policy")
    actor = User.objects.get(username=username)
    return approvals.ask(matter, actor=actor, reason="race", now=timezone.now()).pk


def approval(pk: int) -> dict[str, Any]:
    row = Approval.objects.get(pk=pk)
    decided = row.decided_by.username if row.decided_by else None
    audited = AuditEvent.objects.filter(action="approval.approved", actor=row.decided_by).count() if decided else 0
    return {"state": row.state, "decided_by": decided, "audited": audited}


def give_phone(username: str, number: str) -> None:
    users.set_phone(
        User.objects.get(username=username), number, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=None
    )


def sms_codes(username: str) -> list[str]:
    """The codes of the SMS that wait in the outbox for this person, in order."""
    texts = [
        outbox.read(row) for row in Delivery.objects.filter(user__username=username, template="code").order_by("pk")
    ]
    return [text.rpartition("#")[2] for text in texts]


def announce(username: str, number: str) -> str:
    """The path of the link that refuses a number of the directory, which rests from now on."""
    user, until = User.objects.get(username=username), timezone.now() + timedelta(days=1)
    User.objects.filter(pk=user.pk).update(phone_next=number, phone_next_at=until)
    phones_announced.send(sender=User, changes=[PhoneChange(user.pk, user.phone, number)], until=until)
    return _link(user, "phone-announced", "refuse")


def change_phone(username: str, number: str) -> str:
    """The path of the link that takes a change of number back, which the person has just made."""
    user, earlier = User.objects.get(username=username), timezone.now() - timedelta(minutes=5)
    token = sms.start(user, number, actor=user, now=earlier).token
    code = outbox.read(Delivery.objects.filter(recipient=number).latest("pk")).rpartition("#")[2]
    sms.finish(user, token, code, actor=user, now=earlier)
    return _link(user, "phone-changed", "undo")


def _link(user: User, template: str, act: str) -> str:
    notice = Delivery.objects.filter(user=user, template=template, channel=Delivery.Channel.MAIL).latest("pk")
    found = re.search(rf"/sms/{act}/\S+/", outbox.read(notice))
    assert found is not None
    return found[0]


def audited(username: str, action: str) -> int:
    return AuditEvent.objects.filter(user__username=username, action=action).count()


def ask_caller(username: str, agent: str) -> str:
    """The code that helpdesk has just sent to the mailbox of somebody who calls."""
    user, actor = User.objects.get(username=username), User.objects.get(username=agent)
    callers.start(user, "email", actor=actor, now=timezone.now())
    sent = Delivery.objects.filter(user=user, template="caller-code").latest("pk")
    return str(re.findall(r"\b\d{6}\b", outbox.read(sent))[0])


def passed_checks(username: str) -> list[str]:
    """The agents whose check the caller has passed."""
    return list(
        CallerCheck.objects.filter(user__username=username)
        .exclude(passed_at=None)
        .values_list("agent__username", flat=True)
    )


def pass_check(username: str, agent: str) -> None:
    """Somebody who calls has just read a code back to this agent."""
    read_back(User.objects.get(username=agent), User.objects.get(username=username))


def checks_used(username: str) -> list[list[str]]:
    """The acts that each caller check about the person has stood for."""
    return list(CallerCheck.objects.filter(user__username=username).values_list("used_for", flat=True))


def helpdesk_code(username: str) -> str:
    """The code that helpdesk has just sent to a new number of somebody who calls."""
    sent = Delivery.objects.filter(user__username=username, template="helpdesk-phone").latest("pk")
    return str(re.findall(r"\b\d{6}\b", outbox.read(sent))[0])


def give_activation(username: str) -> str:
    """An activation code that waits."""
    user = User.objects.get(username=username)
    return activation.issue(user, actor=None, reason="race", now=timezone.now()).code


def give_mailbox(username: str) -> None:
    """An app, codes by mail, and a VPN that takes them."""
    user = User.objects.get(username=username)
    _make_vpn()
    earlier = timezone.now() - timedelta(minutes=5)
    token, delivery = email.begin(user, now=earlier)
    email.confirm(user, token, outbox.read(delivery).rpartition("#")[2], actor=user, now=earlier)


def sms_code(username: str) -> dict[str, str]:
    """As `mail_code`, to the phone."""
    return _sent_code(username, "sms")


def mail_code(username: str) -> dict[str, str]:
    """What a VPN's challenge sent: the token that the answer must name, and the code."""
    return _sent_code(username, "email")


def _sent_code(username: str, kind: str) -> dict[str, str]:
    user = User.objects.get(username=username)
    (factor,) = [one for one in holdings.usable(user, now=timezone.now()) if one.kind == kind]
    sent = service.challenge(factor, purpose=Purpose.SIGN_IN, now=timezone.now())
    return {"token": sent.token, "code": outbox.read(sent.delivery).rpartition("#")[2]}


def _make_vpn() -> None:
    Application.objects.get_or_create(slug="vpn", defaults={"name": "VPN", "kinds": ["email", "sms", "temporary"]})


def lend_code(username: str, uses: int) -> str:
    """A temporary access code for the VPN."""
    _make_vpn()
    user = User.objects.get(username=username)
    terms = temporary.Terms(hours=1, uses=uses, applications=("vpn",))
    return temporary.issue(user, terms, actor=user, reason="race", now=timezone.now())


def say_to_vpn(username: str, token: str, code: str, at: float) -> list[int]:
    """Give the same answer ten times from the moment `at` on; the results."""
    user = User.objects.get(username=username)
    answer = Answer(code, Purpose.SIGN_IN, token)
    time.sleep(max(0, at - time.time()))
    attempt = service.Attempt(user, answer, "vpn", "")
    return [service.verify(attempt, now=timezone.now()).result.code for _ in range(10)]


def give_radius_key(slug: str = "radius", mode: str = Application.Mode.PASSWORD_THEN_CODE) -> str:
    """The text of a key of a VPN, for some minutes."""
    vpn, _ = Application.objects.get_or_create(slug=slug, defaults={"name": "VPN by RADIUS", "mode": mode})
    return _key_of(vpn, Verb.RADIUS)


def _key_of(application: Application, *verbs: Verb) -> str:
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    ApplicationKey.objects.create(
        application=application, prefix=prefix, secret_hash=clients.hash_of(secret), verbs=list(verbs),
        networks=["0.0.0.0/0"], expires_at=timezone.now() + timedelta(minutes=10),
    )  # fmt: skip
    return f"{prefix}.{secret}"


def revoke_key(prefix: str) -> None:
    clients.revoke(
        ApplicationKey.objects.get(prefix=prefix), actor=User.objects.latest("pk"), reason="race", now=timezone.now()
    )


def reconnect() -> None:
    """After the database was away."""
    connection.close()


def give_remembering_key(remember: bool = True) -> str:
    """The text of a key of an application that checked the password itself. A code spares its people the next one for a
    day, unless `remember` is false."""
    slug = "remembering" if remember else "plain"
    row, _ = Application.objects.get_or_create(slug=slug, defaults={"name": slug, "mode": Application.Mode.CODE_ONLY})
    if remember:
        RememberRule.objects.get_or_create(name="A day", scope="application", application=row, seconds=86_400)
    return _key_of(row, Verb.VERIFY, Verb.CHALLENGE)


def give_believing_key(mode: str = Application.Mode.CODE_ONLY) -> str:
    """The text of a key of an application that says where people are; in this mode from now on."""
    defaults = {"name": "Believing", "mode": mode, "address_attribute": Application.AddressAttribute.ADDRESS}
    row, _ = Application.objects.update_or_create(slug="believing", defaults=defaults)
    return _key_of(row, Verb.VERIFY)


def change_account(username: str, change: str) -> None:
    """Change something of an account."""
    user = User.objects.get(username=username)
    match change:
        case "phone":
            number = f"+49152{secrets.randbelow(10**8):08d}"
            users.set_phone(user, number, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=user)
        case "reset":
            enrolment.reset(user, actor=None, reason="race", now=timezone.now())
        case "epoch":
            users.move_epoch(user)


def begin_change(username: str, change: str, awaited: int) -> None:
    """Have everybody who asks about the account wait from now on; change it once so many wait for their turn."""
    account = limits.of_account(User.objects.get(username=username))
    _hold(lambda: limits.lock(account), awaited, lambda: change_account(username, change))


def hold_misses(address: str, left: int, awaited: int) -> None:
    """Have everybody wait who counts the wrong answers of this address at the believing application, which may give so
    many more; until so many wait."""
    Budget.objects.create(
        subject=f"misses:{address}:believing", spent=[timezone.now().timestamp()] * (limits.MISSES[0][0] - left)
    )
    _hold(lambda: limits.misses(f"misses:{address}:believing"), awaited, lambda: None)


def _hold(lock: Callable[[], object], awaited: int, then: Callable[[], object]) -> None:
    held = threading.Event()

    def work() -> None:
        with transaction.atomic():
            lock()
            held.set()
            _wait_for_the_waiting(awaited)
            then()
        connection.close()

    _changing[:] = [threading.Thread(target=work)]
    _changing[0].start()
    held.wait(60)


def end_change() -> None:
    """Return when the change that was begun is durable, or nobody is held any more."""
    _changing[0].join(90)


def _wait_for_the_waiting(count: int) -> None:
    """Until so many connections wait for a lock. Only the locks themselves are looked up anew within a transaction."""
    waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise TimeoutError


def is_spared(username: str) -> bool:
    """Whether a rule spares the person a code at the remembering application now."""
    user = User.objects.get(username=username)
    return memory.recall(user, "remembering", "", now=timezone.now()) is not None


def logged(username: str) -> list[int]:
    """The result code of every row of the log about this person, in order."""
    rows = AuthenticationRecord.objects.filter(username=username).order_by("pk")
    return list(rows.values_list("code", flat=True))


def password_guesses(username: str) -> int:
    """How many wrong passwords count against the person, from all sources."""
    user = User.objects.get(username=username)
    counters = GuessCounter.objects.filter(subject__startswith=f"password:{user.pk}:")
    return sum(counter.failures.get("password", (0, 0))[0] for counter in counters)


def forget_the_answer(seconds: int) -> None:
    """As where the process that judged the latest RADIUS request ended so many seconds ago, before it answered."""
    row = RadiusAnswer.objects.latest("pk")
    row.status, row.body, row.at = RadiusAnswer.AT_WORK, {}, row.at - timedelta(seconds=seconds)
    row.save()


def factors(username: str) -> list[dict[str, Any]]:
    """The person's factors: kind, pk, how many answers are left, wrong codes in a row."""
    rows = Factor.objects.filter(user__username=username, confirmed=True).order_by("pk")
    return [
        {"kind": row.kind, "pk": row.pk, "left": RECOVERY.left(row), "failures": row.failures, "state": row.state}
        for row in rows
    ]


def give_motp(username: str, secret: str, pin: str) -> int:
    """An mOTP app that was set up some minutes ago; its pk."""
    user = User.objects.get(username=username)
    earlier = timezone.now() - timedelta(minutes=5)
    app = Motp(secret, pin)
    waiting = motp.begin(user, app, name="Router", shown=True, now=earlier)
    motp.confirm(user, waiting.pk, app.code(app.step_at(earlier)), now=earlier)
    return int(waiting.pk)


def give_token(username: str, serial: str, secret: str) -> None:
    """A hardware token by button with this secret (hex), in somebody's hand."""
    put_token(serial, secret)
    user = User.objects.get(username=username)
    stock.assign(user, serial, actor=user, reason="race", now=timezone.now())


def put_token(serial: str, secret: str) -> None:
    """A hardware token by button with this secret (hex), in stock."""
    token = HardwareToken(serial=serial, method="hotp", algorithm="SHA1", digits=6, state={"counter": 0})
    token.seal(bytes.fromhex(secret))
    token.save()


def results(username: str, kind: str = "") -> list[int]:
    """The result code of every judged second factor, in order; only those of one kind where it is given."""
    rows = AuthenticationRecord.objects.filter(user__username=username).exclude(kind="password").order_by("pk")
    rows = rows.filter(kind=kind) if kind else rows
    return list(rows.values_list("code", flat=True))


def failures(username: str) -> dict[str, Any]:
    counter = GuessCounter.objects.filter(subject=limits.of_account(User.objects.get(username=username))).first()
    return counter.failures if counter else {}


def usable(username: str) -> list[str]:
    return [factor.kind for factor in holdings.usable(User.objects.get(username=username), now=timezone.now())]


def flush_cache() -> None:
    cache.clear()


def serve() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        answer = globals()[request.pop("call")](**request)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
