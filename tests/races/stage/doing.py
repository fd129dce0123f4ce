"""What is done beside a race, by the portal's own flows."""

from __future__ import annotations

import re
import time
from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.signals import PhoneChange, phones_announced
from mfa import approvals, holdings
from mfa.delivery import outbox
from mfa.factors.sms import flows as sms
from mfa.kinds import Answer, Purpose
from mfa.models import Delivery, RadiusAnswer
from mfa.verification import callers, service
from tests.mfa.doors import read_back


def ask_approval(username: str) -> int:
    matter = approvals.Matter("test", "race", "A race", "/admin/", "mfa.change_policy")
    actor = User.objects.get(username=username)
    return approvals.ask(matter, actor=actor, reason="race", now=timezone.now()).pk


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


def ask_caller(username: str, agent: str) -> str:
    """The code that helpdesk has just sent to the mailbox of somebody who calls."""
    user, actor = User.objects.get(username=username), User.objects.get(username=agent)
    callers.start(user, "email", actor=actor, now=timezone.now())
    sent = Delivery.objects.filter(user=user, template="caller-code").latest("pk")
    return str(re.findall(r"\b\d{6}\b", outbox.read(sent))[0])


def pass_check(username: str, agent: str) -> None:
    """Somebody who calls has just read a code back to this agent."""
    read_back(User.objects.get(username=agent), User.objects.get(username=username))


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


def say_to_vpn(username: str, token: str, code: str, at: float) -> list[int]:
    """Give the same answer ten times from the moment `at` on; the results."""
    user = User.objects.get(username=username)
    answer = Answer(code, Purpose.SIGN_IN, token)
    time.sleep(max(0, at - time.time()))
    attempt = service.Attempt(user, answer, "vpn", "")
    return [service.verify(attempt, now=timezone.now()).result.code for _ in range(10)]


def reconnect() -> None:
    """After the database was away."""
    connection.close()


def forget_the_answer(seconds: int) -> None:
    """As where the process that judged the latest RADIUS request ended so many seconds ago, before it answered."""
    row = RadiusAnswer.objects.latest("pk")
    row.status, row.body, row.at = RadiusAnswer.AT_WORK, {}, row.at - timedelta(seconds=seconds)
    row.save()


def flush_cache() -> None:
    cache.clear()
