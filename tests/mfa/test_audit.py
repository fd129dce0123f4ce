"""The trail of one factor, which outlives its row."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime

import pytest
from django.test import Client

from accounts import trace
from accounts.models import User
from mfa import enrolment, lost, preferences
from mfa.models import AuditEvent
from mfa.verification import service
from tests.mfa.doors import add_factor
from tests.stories import acting


def life_of(pk: int) -> list[str]:
    return list(AuditEvent.objects.filter(details__factor=pk).order_by("pk").values_list("action", flat=True))


@pytest.mark.row("N-23")
def test_one_query_gives_the_life_of_one_factor_from_its_first_day_to_its_removal(
    client: Client, alice: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_factor(alice, name="Another")
    acting.with_app(client, alice)
    factor = alice.factors.exclude(name="Another").get()
    added = AuditEvent.objects.get(details__factor=factor.pk)
    assert (added.action, added.user, added.actor, added.details["kind"]) == ("factor.added", alice, alice, "totp")
    assert added.at
    monkeypatch.setattr(trace, "address", ContextVar("address", default="192.0.2.7"))
    enrolment.rename(factor, "Old phone", actor=alice)
    preferences.prefer(alice, factor, actor=alice, now=now)
    service._disable(factor, now)
    lost.resume(alice, factor, proved_by="totp", actor=alice, now=now)
    enrolment.remove(factor, actor=alice, now=now)
    assert life_of(factor.pk) == [
        "factor.added", "factor.renamed", "factor.preferred", "factor.disabled", "factor.resumed", "factor.removed",
    ]  # fmt: skip
    removed = AuditEvent.objects.get(details__factor=factor.pk, action="factor.removed")
    assert (removed.details["name"], removed.address) == ("Old phone", "192.0.2.7")


@pytest.mark.row("N-23")
def test_what_happens_to_several_factors_at_once_names_each(alice: User, now: datetime) -> None:
    first, second = add_factor(alice), add_factor(alice, kind="motp")
    lost.report(alice, [first], actor=alice, now=now)
    assert AuditEvent.objects.get(action="phone.lost").details["factors"] == [first.pk]
    enrolment.reset(alice, actor=None, reason="test", now=now)
    assert set(AuditEvent.objects.get(action="factors.reset").details["factors"]) == {first.pk, second.pk}
