"""Figures for Prometheus: behind a key, without anybody in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.models import User
from mfa.models import Delivery
from mfa.outcomes import OATH_INCORRECT
from mfa.verification import log

pytestmark = pytest.mark.django_db
KEY = "k" * 40


@pytest.mark.row("A-13.4.5")
def test_without_the_right_key_there_is_no_such_page(client: Client, settings: Settings) -> None:
    for key, shown in (("", "Bearer "), ("", ""), (KEY, ""), (KEY, "Bearer wrong"), (KEY, "Bearer é")):
        settings.METRICS_KEY = key
        assert client.get("/metrics", secure=True, headers={"authorization": shown}).status_code == 404, shown


def test_figures_are_counted_from_rows_and_name_nobody(
    client: Client, settings: Settings, make_user: Callable[..., User]
) -> None:
    settings.METRICS_KEY = KEY
    alice, now = make_user("alice"), timezone.now()
    for _ in range(2):
        log.write(alice, "alice", OATH_INCORRECT, application="vpn", address="192.0.2.7", now=now, kind="totp")
    Delivery.objects.create(user=alice, channel="sms", template="code", recipient="+4917012345678")
    answer = client.get("/metrics", secure=True, headers={"authorization": f"Bearer {KEY}"}).content.decode()
    samples = [sample for family in text_string_to_metric_families(answer) for sample in family.samples]
    figures: dict[str, Any] = {sample.name: (sample.labels, sample.value) for sample in samples}
    labels = {"application": "vpn", "result": str(OATH_INCORRECT.code)}
    assert figures["portal_verifications_5m"] == (labels, 2)
    assert figures["portal_deliveries_5m"] == ({"channel": "sms", "state": "queued"}, 1)
    assert figures["portal_outbox_messages"] == ({}, 1)
    assert abs(figures["portal_clock_offset_seconds"][1]) < 1
    for personal in ("alice", "192.0.2.7", "4917012345678"):
        assert personal not in answer
