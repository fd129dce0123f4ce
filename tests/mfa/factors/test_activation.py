"""Activation codes: issued once, typed once, for one person and one session; no way to sign in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import activation, codes, enrolment, holdings, kinds, limits, policy
from mfa.codes import TRIES
from mfa.factors.activation import flows
from mfa.models import AuditEvent, AuthenticationRecord, Delivery, OneTimeCode
from mfa.outcomes import Expired, Locked, Refused, Replayed, WrongCode, WrongShape
from tests.mfa.doors import add_factor

PAGE = "/activation/"


def issue(user: User, now: datetime) -> str:
    return activation.issue(user, actor=None, reason="lost phone", now=now).code


def redeem(user: User, text: str, now: datetime) -> OneTimeCode:
    return flows.redeem(user, text, address="203.0.113.9", now=now)


@pytest.mark.row("A-6.4.1")
def test_a_code_has_58_bits_and_no_letter_that_is_mistaken_for_another(alice: User, now: datetime) -> None:
    code = issue(alice, now)
    assert len(code) == 12
    assert set(code) <= set(codes.UNAMBIGUOUS)
    assert len(set(codes.UNAMBIGUOUS)) == 30
    assert not set(codes.UNAMBIGUOUS) & set("ILOU01")


@pytest.mark.row("A-6.4.1")
def test_many_codes_never_repeat(alice: User, now: datetime) -> None:
    assert len({issue(alice, now) for _ in range(300)}) == 300


@pytest.mark.row("A-6.4.1")
def test_a_code_works_once(alice: User, now: datetime) -> None:
    code = issue(alice, now)
    assert redeem(alice, code, now).ending == OneTimeCode.Ending.SPENT
    with pytest.raises(Replayed, match="Code Already Used") as refused:
        redeem(alice, code, now)
    assert "Ask helpdesk for a new one" in refused.value.words
    assert "clock is not the cause" in refused.value.words


@pytest.mark.row("A-6.4.1")
def test_a_code_works_for_24_hours_and_no_longer(alice: User, now: datetime) -> None:
    code = issue(alice, now)
    with pytest.raises(Expired) as refused:
        redeem(alice, code, now + timedelta(hours=24))
    assert refused.value.words.startswith("This activation code no longer works. Ask helpdesk for a new one")
    assert "clock is not the cause" in refused.value.words
    assert redeem(alice, code, now + timedelta(hours=24) - timedelta(seconds=1))


def test_a_new_code_ends_the_one_before(alice: User, now: datetime) -> None:
    old = issue(alice, now)
    new = issue(alice, now)
    with pytest.raises(WrongCode):
        redeem(alice, old, now)
    assert redeem(alice, new, now)


@pytest.mark.row("T-45")
def test_a_code_of_another_person_or_purpose_is_worth_nothing(
    alice: User, make_user: Callable[..., User], now: datetime
) -> None:
    bob = make_user("bob")
    code = issue(bob, now)
    issue(alice, now)
    with pytest.raises(WrongCode):
        redeem(alice, code, now)
    other = codes.issue(
        alice, kinds.Purpose.CONFIRM_PHONE, length=12, alphabet=codes.UNAMBIGUOUS, lifetime=timedelta(hours=1), now=now
    )
    with pytest.raises(WrongCode):
        redeem(alice, other.code, now)


@pytest.mark.parametrize(
    "spell", [str.lower, activation.grouped, lambda code: " ".join(code), lambda code: f"{code[:6]}\u2013{code[6:]}"]
)
def test_case_spaces_and_dashes_do_not_matter(alice: User, now: datetime, spell: Callable[[str], str]) -> None:
    assert redeem(alice, spell(issue(alice, now)), now)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ABCD",
        "0" * 12,
        "ABCDEFGHJKM",
        "ABCDEFGHJKMNP",
        "ABCDEFGHJKM\u0000",
        "ＡＢＣＤＥＦＧＨＪＫＭＮ",
        "ABCDEFGHJKM\n",
    ],
)
def test_what_cannot_be_a_code_costs_no_guess(alice: User, now: datetime, text: str) -> None:
    code = issue(alice, now)
    for _ in range(10):
        with pytest.raises(WrongShape):
            redeem(alice, text, now)
    assert redeem(alice, code, now)


def test_five_wrong_tries_end_the_code_and_delay_the_next_guess(alice: User, now: datetime) -> None:
    code = issue(alice, now)
    for _ in range(TRIES):
        with pytest.raises(WrongCode):
            redeem(alice, "ABCDEFGHJKMN", now)
    with pytest.raises(Locked):
        redeem(alice, code, now)
    with pytest.raises(Expired):
        redeem(alice, code, now + limits.FIRST_DELAY)


def test_every_try_is_logged_and_the_use_is_audited_and_told(alice: User, now: datetime) -> None:
    code = issue(alice, now)
    with pytest.raises(Refused):
        redeem(alice, "ABCDEFGHJKMN", now)
    redeem(alice, code, now)
    assert list(AuthenticationRecord.objects.order_by("pk").values_list("code", "accepted", "kind")) == [
        (1017, False, "activation"),
        (1003, True, "activation"),
    ]
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "activation.issued",
        "activation.used",
    ]
    assert set(Delivery.objects.values_list("template", flat=True)) == {"activation-issued", "activation-used"}


@pytest.mark.row("A-6.4.1")
def test_the_code_is_in_no_table_and_no_message(alice: User, now: datetime) -> None:
    from mfa.delivery import outbox

    code = issue(alice, now)
    row = OneTimeCode.objects.get()
    texts = [str(vars(row)), str([vars(event) for event in AuditEvent.objects.all()])]
    texts += [outbox.read(delivery) for delivery in Delivery.objects.all()]
    assert not any(code in text or activation.grouped(code) in text for text in texts)


def test_it_is_no_way_to_sign_in(alice: User, now: datetime) -> None:
    kind = kinds.kind("activation")
    assert not kind.signs_in
    add_factor(alice, kind="activation")
    assert holdings.usable(alice, now=now) == []


@pytest.fixture
def after_reset(alice: User, signed_in: Callable[..., Client]) -> Client:
    """Alice signed in with her password alone after helpdesk took her factors away."""
    add_factor(alice)
    enrolment.reset(alice, actor=None, reason="lost phone", now=timezone.now())
    alice.refresh_from_db()
    return signed_in(alice)


def get(client: Client, path: str) -> str:
    return client.get(path, secure=True).headers.get("location", "")


def type_code(client: Client, code: str) -> int:
    return client.post(PAGE, {"code": code}, secure=True).status_code


@pytest.mark.row("T-60b")
@pytest.mark.row("A-6.4.4")
def test_after_a_reset_the_password_alone_enrols_nothing(after_reset: Client) -> None:
    for path in ("/", "/enrol/", "/totp/add/", "/admin/"):
        assert get(after_reset, path) == PAGE
    assert after_reset.get(PAGE, secure=True).status_code == 200


@pytest.mark.row("T-60b")
def test_with_the_right_code_this_session_may_enrol_and_no_other(after_reset: Client, alice: User) -> None:
    from tests.mfa.doors import sign_in

    code = issue(alice, timezone.now())
    assert type_code(after_reset, activation.grouped(code)) == 302
    assert get(after_reset, "/") == "/enrol/"
    assert after_reset.get("/enrol/", secure=True).status_code == 200
    thief = Client(SERVER_NAME="portal.test")
    sign_in(thief, alice, None)
    assert get(thief, "/enrol/") == PAGE
    assert type_code(thief, code) == 422
    assert policy.of(alice, now=timezone.now()).activation_only, "until a factor is confirmed"


@pytest.mark.row("T-60b")
def test_a_newer_code_shuts_out_the_session_that_used_the_one_before(after_reset: Client, alice: User) -> None:
    type_code(after_reset, issue(alice, timezone.now()))
    assert get(after_reset, "/") == "/enrol/"
    issue(alice, timezone.now())
    assert get(after_reset, "/enrol/") == PAGE


@pytest.mark.row("T-60b")
def test_what_the_code_opened_closes_after_an_hour(alice: User, now: datetime, client: Client) -> None:
    row = redeem(alice, issue(alice, now), now)
    session = client.session
    activation.open_enrolment(session, row)
    assert activation.opened(session, alice, now=now + timedelta(minutes=59))
    assert not activation.opened(session, alice, now=now + timedelta(hours=1))
    assert not activation.opened(session, alice, now=now - timedelta(hours=1))


def test_a_session_that_names_a_code_of_somebody_else_opens_nothing(
    alice: User, make_user: Callable[..., User], now: datetime, client: Client
) -> None:
    bob = make_user("bob")
    row = redeem(bob, issue(bob, now), now)
    issue(alice, now)
    session = client.session
    activation.open_enrolment(session, row)
    assert not activation.opened(session, alice, now=now)


@pytest.mark.row("A-6.4.1")
def test_a_confirmed_factor_ends_the_need_for_a_code(alice: User, now: datetime) -> None:
    issue(alice, now)
    factor = enrolment.begin(alice, "totp", b"x" * 20, name="Phone", now=now)
    enrolment.confirm(factor, actor=alice, now=now)
    assert not policy.of(alice, now=timezone.now()).activation_only


@pytest.mark.row("T-45")
def test_opening_the_page_uses_nothing_up(after_reset: Client, alice: User) -> None:
    code = issue(alice, timezone.now())
    after_reset.get(PAGE, {"code": code}, secure=True)
    assert OneTimeCode.objects.get(ending="").failures == 0
    assert type_code(after_reset, code) == 302


def test_a_wrong_code_is_said_beside_the_field_and_not_repeated(after_reset: Client, alice: User) -> None:
    issue(alice, timezone.now())
    answer = after_reset.post(PAGE, {"code": "ABCDEFGHJKMN"}, secure=True)
    assert answer.status_code == 422
    assert b"That is not your newest activation code." in answer.content
    assert b"ABCDEFGHJKMN" not in answer.content


def test_who_needs_no_code_is_sent_on(alice: User, signed_in: Callable[..., Client]) -> None:
    assert get(signed_in(alice), PAGE) == "/"


def test_typing_a_code_changes_the_sessions_id(after_reset: Client, alice: User) -> None:
    before = after_reset.session.session_key
    type_code(after_reset, issue(alice, timezone.now()))
    assert after_reset.session.session_key != before
