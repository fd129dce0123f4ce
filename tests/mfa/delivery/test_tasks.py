"""The sweep: what is late ends, what is stuck goes on, what is due is handed to workers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.models import User
from mfa.delivery import tasks, wake
from mfa.models import Delivery
from tests.mfa.delivery.messages import queued_mail, queued_sms
from tests.services.http_gateway import HttpGateway

State = Delivery.State


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The deliveries that workers were told of, in order."""
    told: list[int] = []

    def remember(delivery_id: int, *, expires: int | None = None) -> bool:
        told.append(delivery_id)
        return True

    monkeypatch.setattr(wake, "worker_for", remember)
    return told


def test_the_sweep_is_on_the_schedule(db: None) -> None:
    schedule = PeriodicTask.objects.get(task="mfa.delivery.tasks.sweep")
    assert schedule.enabled
    assert (schedule.interval.every, schedule.interval.period) == (tasks.SWEEP_SECONDS, "seconds")


def test_due_messages_are_handed_out_and_no_others(alice: User, woken: list[int]) -> None:
    now = timezone.now()
    code, notice = queued_sms(alice, now=now), queued_mail(alice, now=now)
    later, late = queued_sms(alice, now=now), queued_sms(alice, now=now - timedelta(minutes=6))
    Delivery.objects.filter(pk=later.pk).update(next_try_at=now + timedelta(minutes=1))
    stuck = queued_sms(alice, now=now, minutes=6)
    Delivery.objects.filter(pk=stuck.pk).update(state=State.SENDING, claimed_at=now - timedelta(minutes=1))
    tasks.sweep()
    assert woken == [code.pk, stuck.pk, notice.pk]
    late.refresh_from_db()
    assert (late.state, late.body) == (State.EXPIRED, "")


def test_a_backlog_leaves_in_portions(alice: User, woken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MOST_AT_ONCE", 3)
    for _ in range(5):
        queued_sms(alice, now=timezone.now())
    tasks.sweep()
    assert len(woken) == 3


def test_the_task_sends(alice: User, by_http: HttpGateway) -> None:
    delivery = queued_sms(alice, now=timezone.now())
    tasks.deliver(delivery.pk)
    tasks.deliver(delivery.pk)
    assert len(by_http.requests) == 1


def test_a_message_that_is_gone_is_no_error(db: None) -> None:
    tasks.deliver(987654321)
