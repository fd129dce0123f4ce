from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from mfa import retention
from mfa.models import AuditEvent, HardwareToken, TokenBatch
from mfa.oath.counters import Counters
from mfa.tokens import batches
from mfa.tokens.batches import NothingWaiting
from mfa.tokens.reading import Reason, Unreadable
from tests.mfa.tokens.samples import SEED, csv, package, pskc
from tests.mfa.tokens.shelf import put


def begin(actor: User, data: bytes, now: datetime) -> TokenBatch:
    return batches.begin(data, name="tokens.csv", unlock="", actor=actor, now=now)


def test_nothing_is_written_before_it_is_confirmed(alice: User, now: datetime) -> None:
    put("7")
    batch = begin(alice, csv("1", "2", "7") + b"\n3,00,hotp\n", now)
    found = batches.preview(batch)
    assert [line.serial for line in found.new] == ["1", "2"]
    assert [line.serial for line in found.known] == ["7"]
    assert [(line.serial, line.refused) for line in found.refused] == [("3", Reason.SHORT_SEED)]
    assert HardwareToken.objects.count() == 1
    assert batches.confirm(alice, batch.pk, now=now) == 2
    assert set(HardwareToken.objects.values_list("serial", flat=True)) == {"1", "2", "7"}
    assert AuditEvent.objects.get(action="tokens.imported").details == {"file": "tokens.csv", "tokens": 2}


@pytest.mark.row("T-58")
def test_secrets_wait_and_rest_as_ciphertext(alice: User, now: datetime) -> None:
    batch = begin(alice, csv("1"), now)
    assert SEED.hex() not in batch.content
    assert SEED.decode() not in batch.content
    batches.confirm(alice, batch.pk, now=now)
    batch.refresh_from_db()
    assert batch.content == ""
    token = HardwareToken.objects.get()
    assert token.unseal() == SEED
    assert SEED.hex() not in str(HardwareToken.objects.values().get())


def test_what_is_known_keeps_its_secret_and_counter(alice: User, now: datetime) -> None:
    known = put("1", secret=b"x" * 20)
    HardwareToken.objects.filter(pk=known.pk).update(state=Counters(50).state())
    batch = begin(alice, csv("1", "2"), now)
    batches.confirm(alice, batch.pk, now=now)
    known.refresh_from_db()
    assert known.unseal() == b"x" * 20
    assert known.state["counter"] == 50


def test_the_same_file_read_by_two_is_written_once(alice: User, make_user: Callable[..., User], now: datetime) -> None:
    bob = make_user("bob")
    mine, theirs = begin(alice, csv("1", "2"), now), begin(bob, csv("1", "3"), now)
    assert batches.confirm(alice, mine.pk, now=now) == 2
    assert batches.confirm(bob, theirs.pk, now=now) == 1
    assert HardwareToken.objects.count() == 3


def test_the_counter_of_the_file_is_where_the_token_begins(alice: User, now: datetime) -> None:
    data = pskc(package("1", more="<Counter><PlainValue>42</PlainValue></Counter>"))
    batches.confirm(alice, begin(alice, data, now).pk, now=now)
    assert HardwareToken.objects.get().state["counter"] == 42


def test_a_file_is_confirmed_once_by_who_read_it_and_in_time(
    alice: User, make_user: Callable[..., User], now: datetime
) -> None:
    batch = begin(alice, csv("1"), now)
    for actor, moment in ((make_user("bob"), now), (alice, now + batches.WAITS_FOR)):
        with pytest.raises(NothingWaiting):
            batches.confirm(actor, batch.pk, now=moment)
    batches.confirm(alice, batch.pk, now=now)
    with pytest.raises(NothingWaiting) as caught:
        batches.confirm(alice, batch.pk, now=now)
    assert "Choose it again" in caught.value.words
    assert HardwareToken.objects.count() == 1


def test_a_newer_file_takes_the_place_of_one_that_waits_and_what_waited_too_long_is_deleted(
    alice: User, now: datetime
) -> None:
    begin(alice, csv("1"), now)
    newer = begin(alice, csv("2"), now)
    assert list(TokenBatch.objects.all()) == [newer]
    with pytest.raises(Unreadable):
        begin(alice, b"nothing", now)
    assert TokenBatch.objects.exists()
    retention.clean_up(now=now + timedelta(hours=1))
    assert not TokenBatch.objects.exists()


def test_a_thousand_tokens_take_a_handful_of_queries(alice: User, now: datetime) -> None:
    batch = begin(alice, csv(*(str(number) for number in range(1000))), now)
    with CaptureQueriesContext(connection) as queries:
        assert batches.confirm(alice, batch.pk, now=now) == 1000
    assert len(queries) < 30
