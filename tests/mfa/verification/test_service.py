from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError

from accounts import users
from accounts.models import User
from mfa import limits
from mfa.delivery import outbox
from mfa.kinds import Answer
from mfa.models import (
    Application,
    AuditEvent,
    AuthenticationRecord,
    Delivery,
    Factor,
    GuessCounter,
    RememberRule,
)
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    FACTOR_DISABLED,
    NOTHING_ENROLLED,
    OATH_INCORRECT,
    OATH_VERIFIED,
    UNREADABLE,
    USER_DISABLED,
    WRONG_SHAPE,
)
from mfa.verification import log, service
from mfa.verification.service import Attempt, Verdict
from tests.mfa.sample_kind import RIGHT, WRONG, give

pytestmark = pytest.mark.usefixtures("sample_kinds", "gateway")


@pytest.fixture
def gateway(db: None) -> Application:
    return Application.objects.create(slug="vpn", name="VPN")


def verify(user: User, text: str, now: datetime, kind: str = "") -> Verdict:
    return service.verify(Attempt(user, Answer(text), "vpn", "203.0.113.9", kind), now=now)


@pytest.mark.row("A-16.3.1")
def test_a_right_code_is_accepted_marked_and_logged(alice: User, now: datetime) -> None:
    factor = give(alice)
    verdict = verify(alice, RIGHT, now)
    assert verdict.accepted
    assert verdict.factor == factor
    factor.refresh_from_db()
    assert (factor.last_used_at, factor.last_used_for) == (now, "vpn")
    record = AuthenticationRecord.objects.get()
    assert (record.user, record.accepted, record.code, record.kind) == (alice, True, OATH_VERIFIED.code, "sample")


@pytest.mark.row("A-16.3.1")
def test_a_wrong_code_is_refused_counted_and_logged_without_the_code(alice: User, now: datetime) -> None:
    give(alice)
    verdict = verify(alice, WRONG, now)
    assert not verdict.accepted
    assert verdict.result == OATH_INCORRECT
    assert GuessCounter.objects.get().failures["sample"][0] == 1
    record = AuthenticationRecord.objects.get()
    assert not record.accepted
    assert WRONG not in str(vars(record))


@pytest.mark.row("N-06")
@pytest.mark.row("T-06")
def test_after_five_wrong_codes_the_right_one_is_not_even_judged(alice: User, now: datetime) -> None:
    give(alice)
    for _ in range(5):
        verify(alice, WRONG, now)
    locked = verify(alice, RIGHT, now)
    assert locked.result == ACCOUNT_LOCKED
    assert verify(alice, RIGHT, now + timedelta(seconds=30)).accepted


@pytest.mark.row("A-6.3.5")
def test_a_series_of_wrong_codes_is_told_once_when_the_right_one_ends_it(alice: User, now: datetime) -> None:
    give(alice)
    for _ in range(5):
        verify(alice, WRONG, now)
    assert not Delivery.objects.exists()
    verify(alice, RIGHT, now + timedelta(minutes=1))
    verify(alice, RIGHT, now + timedelta(minutes=2))
    assert [message.template for message in Delivery.objects.all()] == ["wrong-codes"]
    assert "203.0.113.9" in outbox.read(Delivery.objects.get())


@pytest.mark.row("T-06")
@pytest.mark.row("N-14")
def test_fifty_wrong_codes_in_a_row_disable_the_factor_for_good(alice: User, now: datetime) -> None:
    give(alice)
    for turn in range(limits.FACTOR_CEILING):
        assert verify(alice, WRONG, now + timedelta(hours=2 * turn)).result == OATH_INCORRECT
    a_year_later = now + timedelta(days=365)
    assert verify(alice, RIGHT, a_year_later).result == FACTOR_DISABLED
    assert Factor.objects.get().disabled_at is not None
    assert [(event.action, event.actor) for event in AuditEvent.objects.filter(user=alice)] == [
        ("factor.disabled", None)
    ]


@pytest.mark.row("T-08")
def test_the_ceiling_counts_all_kinds_of_an_account_together(alice: User, now: datetime) -> None:
    first = give(alice, "sample")
    give(alice, "second")
    for turn in range(49):
        moment = now + timedelta(hours=2 * turn)
        verify(alice, WRONG, moment, "sample")
        verify(alice, WRONG, moment, "second")
    first.delete()
    give(alice, "sample")  # a new one has no wrong codes of its own; what the account had stays counted
    for days in (30, 31):
        assert verify(alice, WRONG, now + timedelta(days=days), "sample").result == OATH_INCORRECT
    assert not Factor.objects.filter(disabled_at__isnull=False).exists()
    for kind in ("sample", "second"):
        assert verify(alice, RIGHT, now + timedelta(days=365), kind).result == ACCOUNT_LOCKED


@pytest.mark.row("N-15")
def test_a_lock_of_one_kind_leaves_another_open(alice: User, now: datetime) -> None:
    give(alice, "sample")
    give(alice, "second")
    for _ in range(5):
        verify(alice, WRONG, now, "sample")
    assert verify(alice, RIGHT, now, "sample").result == ACCOUNT_LOCKED
    assert verify(alice, RIGHT, now, "second").accepted
    assert verify(alice, RIGHT, now, "sample").result == ACCOUNT_LOCKED


@pytest.mark.row("T-11d")
def test_enrolling_again_does_not_reset_the_count(alice: User, now: datetime) -> None:
    factor = give(alice)
    for _ in range(5):
        verify(alice, WRONG, now)
    factor.delete()
    give(alice)
    assert verify(alice, RIGHT, now).result == ACCOUNT_LOCKED


def test_an_answer_of_no_factors_shape_costs_no_guess(alice: User, now: datetime) -> None:
    give(alice)
    for _ in range(20):
        assert verify(alice, "short", now).result == WRONG_SHAPE
    assert verify(alice, RIGHT, now).accepted


def test_whoever_has_no_factor_is_refused(alice: User, now: datetime) -> None:
    assert verify(alice, RIGHT, now).result == NOTHING_ENROLLED


@pytest.mark.row("T-74")
def test_a_deactivated_person_is_refused_at_once(alice: User, now: datetime) -> None:
    give(alice)
    users.deactivate_many([alice.pk], now=now, actor=None)
    assert verify(alice, RIGHT, now).result == USER_DISABLED


@pytest.mark.row("F-17")
@pytest.mark.row("A-11.2.5")
@pytest.mark.row("A-11.3.1")
def test_swapped_secrets_refuse_both_people_and_raise_an_alarm(
    alice: User, make_user: Callable[..., User], now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    bob = make_user("bob")
    first, second = give(alice), give(bob)
    Factor.objects.filter(pk=first.pk).update(secret=second.secret)
    Factor.objects.filter(pk=second.pk).update(secret=first.secret)
    assert verify(alice, RIGHT, now).result == UNREADABLE
    assert verify(bob, RIGHT, now).result == UNREADABLE
    assert f"factor {first.pk} cannot be decrypted" in caplog.text


@pytest.mark.row("F-12")
@pytest.mark.row("A-16.5.2")
def test_when_the_log_cannot_be_written_nothing_is_accepted_or_marked(
    alice: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    factor = give(alice)

    def fail(*args: object, **kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(log, "write", fail)
    with pytest.raises(DatabaseError):
        verify(alice, RIGHT, now)
    factor.refresh_from_db()
    assert factor.last_used_at is None


@pytest.mark.row("N-25")
@pytest.mark.row("A-6.5.6")
def test_an_expired_or_waiting_factor_says_no(alice: User, now: datetime) -> None:
    give(alice, expires_at=now)
    waiting = give(alice)
    Factor.objects.filter(pk=waiting.pk).update(confirmed=False)
    assert verify(alice, RIGHT, now).result == NOTHING_ENROLLED


def test_the_log_names_the_kind_that_refused_where_only_one_can_have_been_meant(alice: User, now: datetime) -> None:
    give(alice)
    verify(alice, WRONG, now)
    give(alice, kind="second")
    verify(alice, WRONG, now)
    kinds_logged = AuthenticationRecord.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds_logged) == ["sample", ""]


@pytest.mark.row("T-40")
def test_who_is_switched_off_while_a_question_waits_for_its_turn_is_spared_nothing(
    alice: User, gateway: Application, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    RememberRule.objects.create(name="x", scope="user", seconds=600)
    give(alice)
    assert verify(alice, RIGHT, now).accepted
    attempt = Attempt(alice, Answer(""), "vpn", "203.0.113.9")
    assert service.recall(attempt, now=now) is not None
    lock = limits.lock

    def locked_late(subject: str) -> GuessCounter:
        User.objects.filter(pk=alice.pk).update(is_active=False)
        return lock(subject)

    monkeypatch.setattr(limits, "lock", locked_late)
    assert service.recall(attempt, now=now) is None
