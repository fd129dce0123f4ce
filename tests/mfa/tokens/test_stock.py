from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from accounts.models import User
from mfa import enrolment, holdings, kinds, policy
from mfa.kinds import Answer
from mfa.models import AuditEvent, Delivery, Factor, HardwareToken
from mfa.tokens import stock
from mfa.tokens.stock import NotInStock, SwitchedOff, TooMany
from mfa.verification.service import Attempt, verify
from tests.mfa.doors import add_factor
from tests.mfa.tokens.shelf import is_free, pressed, put


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    return make_user("admin")


def give(user: User, admin: User, now: datetime, serial: str = "1001") -> Factor:
    return stock.assign(user, serial, actor=admin, reason="first day", now=now)


def right(user: User, code: str, now: datetime) -> bool:
    return verify(Attempt(user, Answer(code), "portal", "192.0.2.7", kind="token"), now=now).accepted


def test_an_assigned_token_counts_at_once_is_on_record_and_told(alice: User, admin: User, now: datetime) -> None:
    put()
    give(alice, admin, now, " 10-01 ")
    assert [factor.kind for factor in holdings.usable(alice, now=now)] == ["token"]
    assert right(alice, pressed(1), now)
    assert not right(alice, pressed(1), now)
    event = AuditEvent.objects.get(action="token.assigned")
    assert (event.user, event.actor, event.reason, event.details) == (alice, admin, "first day", {"serial": "1001"})
    assert Delivery.objects.filter(user=alice, template="factor-added").exists()


@pytest.mark.parametrize("why", ["unknown", "held", "lost"])
def test_only_what_is_in_stock_is_given_out(
    alice: User, admin: User, make_user: Callable[..., User], now: datetime, why: str
) -> None:
    if why == "held":
        put()
        give(make_user("bob"), admin, now)
    elif why == "lost":
        put(lost_at=now)
    with pytest.raises(NotInStock):
        give(alice, admin, now)
    assert not is_free("1001")
    assert not Factor.objects.filter(user=alice).exists()


def test_a_sixth_token_is_refused(alice: User, admin: User, now: datetime) -> None:
    for number in range(stock.MOST + 1):
        put(str(number))
    for number in range(stock.MOST):
        give(alice, admin, now, str(number))
    with pytest.raises(TooMany):
        give(alice, admin, now, str(stock.MOST))


def test_where_tokens_are_switched_off_none_is_given_out(
    alice: User, admin: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    without = {slug: kind for slug, kind in kinds.registry().items() if slug != "token"}
    monkeypatch.setattr(kinds, "registry", lambda: without)
    with pytest.raises(SwitchedOff):
        give(alice, admin, now)


def test_taken_back_it_opens_nothing_and_the_next_factor_needs_an_activation_code(
    alice: User, admin: User, now: datetime
) -> None:
    token = put()
    give(alice, admin, now)
    alice.refresh_from_db()
    epoch = alice.security_epoch
    assert stock.take_back(token, actor=admin, reason="left the team", now=now) == alice
    alice.refresh_from_db()
    assert alice.security_epoch == epoch + 1
    assert not right(alice, pressed(1), now)
    assert policy.of(alice, now=now).activation_only
    assert is_free("1001")
    assert AuditEvent.objects.get(action="token.taken-back").reason == "left the team"
    assert Delivery.objects.filter(user=alice, template="factor-removed").exists()
    assert stock.take_back(token, actor=admin, reason="again", now=now) is None


def test_whoever_has_another_factor_needs_no_activation_code(alice: User, admin: User, now: datetime) -> None:
    token = put()
    add_factor(alice)
    give(alice, admin, now)
    stock.take_back(token, actor=admin, reason="x", now=now)
    assert not policy.of(alice, now=now).activation_only


@pytest.mark.row("T-01")
@pytest.mark.row("T-05")
def test_codes_of_one_holder_are_used_for_the_next_one_too(
    alice: User, admin: User, make_user: Callable[..., User], now: datetime
) -> None:
    """However the token came back: what was used or seen over a shoulder opens nobody else's account."""
    token, bob = put(), make_user("bob")
    give(alice, admin, now)
    assert right(alice, pressed(3), now)
    enrolment.reset(alice, actor=admin, reason="x", now=now)
    assert is_free("1001")
    give(bob, admin, now)
    for times in (1, 2, 3):
        assert not right(bob, pressed(times), now)
    assert right(bob, pressed(4), now)
    token.refresh_from_db()
    assert token.state["counter"] == 4


def test_a_lost_token_is_nobodys_until_it_is_found(alice: User, admin: User, now: datetime) -> None:
    token = put()
    give(alice, admin, now)
    stock.lose(token, actor=admin, reason="left in a train", now=now)
    assert not right(alice, pressed(1), now)
    with pytest.raises(NotInStock):
        give(alice, admin, now)
    stock.find(token, actor=admin, reason="came back by post")
    assert give(alice, admin, now)
    actions = AuditEvent.objects.filter(action__startswith="token.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["token.assigned", "token.taken-back", "token.lost", "token.found", "token.assigned"]


def test_a_token_of_somebody_who_was_deleted_is_back_in_stock(alice: User, admin: User, now: datetime) -> None:
    put()
    give(alice, admin, now)
    alice.delete()
    assert list(stock.free()) == list(HardwareToken.objects.all())
