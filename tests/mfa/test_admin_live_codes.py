"""The list of codes that work now, and withdrawing one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import activation, temporary
from mfa.models import Application, AuditEvent, Factor, OneTimeCode

LIST = "/admin/accounts/user/codes/"


def read(client: Client, query: str = "") -> str:
    return " ".join(client.get(f"{LIST}{query}", secure=True).content.decode().split())


def lend(person: User, actor: User, now: datetime) -> None:
    temporary.issue(person, temporary.Terms(8, 3, ("vpn",)), actor=actor, reason="x", now=now)


def test_live_codes_say_whose_for_what_how_often_until_when_and_by_whom(
    staff: Callable[..., Client], make_user: Callable[..., User], django_assert_max_num_queries: Any
) -> None:
    Application.objects.create(slug="vpn", name="Office VPN", kinds=["temporary", "totp"])
    client, now = staff("helpdesk"), timezone.now()
    agent = User.objects.get(username="helpdesk-person")
    people = [make_user(f"p{number}") for number in range(5)]
    for one in people[:3]:
        lend(one, agent, now)
    Factor.objects.filter(user=people[1]).update(expires_at=now)
    Factor.objects.filter(user=people[2]).update(state={"left": 0, "applications": ["vpn"]})
    issued = activation.issue(people[3], actor=agent, reason="x", now=now)
    page = read(client)
    assert "p0" in page
    assert "Office VPN</td><td>3</td>" in page
    assert "<td>helpdesk-person</td>" in page
    assert not {"p1", "p2", "p3"} & {word.strip("<>/a") for word in page.split()}
    assert "Temporary access codes (1)" in page
    assert "Activation codes (1)" in page
    other = read(client, "?sort=activation")
    assert "p3" in other
    assert issued.code not in other
    assert "Nobody of this name has one." in read(client, "?sort=activation&q=nobody")
    for one in people[1:3]:
        lend(one, agent, now)
    with django_assert_max_num_queries(16):
        assert "Temporary access codes (3)" in read(client, "?page=9")
    assert "Temporary access codes (1)" in read(client, "?q=p1")


def test_an_activation_code_is_withdrawn_and_opens_nothing(staff: Callable[..., Client], alice: User) -> None:
    client, now = staff("helpdesk"), timezone.now()
    activation.issue(alice, actor=None, reason="x", now=now - timedelta(minutes=1))
    form = {"people": str(alice.pk), "reason": "Read out to the wrong person"}
    client.post("/admin/accounts/user/act/end-activation/", form, secure=True)
    assert OneTimeCode.objects.get().ending == OneTimeCode.Ending.REPLACED
    assert not activation.live([alice], now=now).exists()
    assert AuditEvent.objects.get(action="activation.withdrawn").reason == "Read out to the wrong person"
    again = client.post("/admin/accounts/user/act/end-activation/", form, secure=True, follow=True).content.decode()
    assert "There is no such code." in again
