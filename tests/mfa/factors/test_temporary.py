"""Temporary access codes: good for some hours, uses and applications, never a way into the portal."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from mfa import explanations, holdings, policy, temporary
from mfa.factors.recovery import flows as recovery
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from mfa.kinds import Answer, Purpose
from mfa.models import Application, AuditEvent, AuthenticationRecord, Delivery, Factor, Remembered, RememberRule
from mfa.outcomes import (
    KIND_NOT_TAKEN,
    OATH_INCORRECT,
    TEMPORARY_INCORRECT,
    TEMPORARY_OVER,
    TEMPORARY_VERIFIED,
)
from mfa.verification.dialogue import Asked, Identified, Reply, identify, reply
from mfa.verification.service import Attempt, Verdict, verify
from tests.mfa.doors import add_factor
from tests.stories.acting import code_of


@pytest.fixture
def vpn(db: None) -> Application:
    Application.objects.create(slug="wiki", name="Wiki", mode="code-only")
    return Application.objects.create(slug="vpn", name="VPN", mode="code-only")


@pytest.fixture
def code(alice: User, vpn: Application, now: datetime) -> str:
    return issue(alice, now)


def issue(user: User, now: datetime, uses: int = 2, where: tuple[str, ...] = ("vpn",)) -> str:
    return temporary.issue(user, temporary.Terms(8, uses, where), actor=user, reason="INC-7", now=now)


def judge(user: User, text: str, now: datetime, application: str = "vpn") -> Verdict:
    return verify(Attempt(user, Answer(text, Purpose.APPLICATION), application, "192.0.2.7"), now=now)


@pytest.mark.row("A-6.4.1")
def test_it_works_as_often_as_was_said_and_never_again(alice: User, code: str, now: datetime) -> None:
    spoken = temporary.grouped(code).lower()
    assert [judge(alice, text, now).result for text in (code, spoken, code)] == [
        TEMPORARY_VERIFIED,
        TEMPORARY_VERIFIED,
        TEMPORARY_OVER,
    ]
    assert AuthenticationRecord.objects.filter(user=alice, code=1005, kind="temporary").count() == 2


@pytest.mark.row("N-25")
def test_it_is_over_after_its_hours(alice: User, code: str, now: datetime) -> None:
    assert judge(alice, code, now + timedelta(hours=8)).result == TEMPORARY_OVER
    assert judge(alice, code, now + timedelta(hours=7, minutes=59)).accepted


@pytest.mark.row("N-25")
@pytest.mark.parametrize("beside", ["nothing", "an app", "a lost app"])
def test_one_that_is_over_says_so_and_that_no_clock_is_the_cause(
    alice: User, code: str, now: datetime, beside: str
) -> None:
    """A code of the app that stands beside it is still judged as one."""
    if beside != "nothing":
        state = {"algorithm": "SHA1", "digits": 6, "period": 30}
        add_factor(alice, state=state, suspended_at=now if beside == "a lost app" else None)
    later = now + timedelta(hours=9)
    verdict = judge(alice, code, later)
    assert verdict.result == TEMPORARY_OVER
    assert verdict.refused is not None
    assert verdict.refused.words.endswith("Ask helpdesk for a new one; your clock is not the cause.")
    row = AuthenticationRecord.objects.get(user=alice)
    assert (row.kind, explanations.of(row).words) == ("temporary", "The temporary access code is over")
    assert judge(alice, code, later, "wiki").result != TEMPORARY_OVER
    assert Factor.objects.filter(user=alice, failures__gt=0).count() == 0
    if beside == "an app":
        assert judge(alice, "123456", later).result == OATH_INCORRECT


def test_an_application_that_would_ask_for_it_logs_that_it_is_over(
    alice: User, code: str, vpn: Application, now: datetime
) -> None:
    asked, later = Asked(vpn, "alice"), now + timedelta(hours=9)
    who = identify(asked, now=later)
    assert isinstance(who, Identified)
    assert reply(asked, who, now=later).result == TEMPORARY_OVER
    assert AuthenticationRecord.objects.get(user=alice).kind == "temporary"


@pytest.mark.parametrize("elsewhere", ["wiki", "portal", "portal test"])
def test_it_works_where_it_was_given_for_and_nowhere_else(
    alice: User, code: str, elsewhere: str, now: datetime
) -> None:
    assert judge(alice, code, now, elsewhere).result == KIND_NOT_TAKEN
    assert judge(alice, code, now).accepted


def test_a_wrong_one_is_logged_as_such_and_counts(alice: User, code: str, now: datetime) -> None:
    wrong = ("A" if code[0] != "A" else "B") + code[1:]
    assert judge(alice, wrong, now).result == TEMPORARY_INCORRECT
    assert Factor.objects.get(user=alice).failures == 1


@pytest.mark.row("T-60b")
def test_it_is_no_factor_to_policy_and_the_password_alone_still_enrols_nothing(
    alice: User, code: str, now: datetime
) -> None:
    usable = holdings.usable(alice, now=now)
    assert [factor.kind for factor in usable] == ["temporary"]
    assert not holdings.worth(usable).factors
    assert not holdings.worth(usable).backup
    assert not holdings.opening(alice, now=now)
    assert policy.of(alice, now=now).activation_only


def test_it_ends_when_a_new_factor_is_confirmed(alice: User, code: str, now: datetime) -> None:
    factor = totp.begin(alice, name="New phone", now=now, replaces=None)
    totp.confirm(alice, factor.pk, code_of(token_of(factor).secret, at=now), now=now)
    assert [one.kind for one in Factor.objects.filter(user=alice)] == ["totp"]
    assert AuditEvent.objects.filter(user=alice, action="temporary.ended").count() == 1


def test_it_outlives_new_recovery_codes(alice: User, vpn: Application, now: datetime) -> None:
    """They are a way back in and no new factor: whoever waits for a new phone still needs what was lent."""
    add_factor(alice)
    code = issue(alice, now)
    waiting = recovery.begin(alice, now=now)
    recovery.confirm(alice, waiting.pk, recovery.shown(waiting)[0], now=now)
    assert judge(alice, code, now).accepted


def test_a_newer_one_ends_the_one_before(alice: User, code: str, now: datetime) -> None:
    newer = issue(alice, now)
    assert judge(alice, code, now).result == TEMPORARY_INCORRECT
    assert judge(alice, newer, now).accepted


def test_it_is_never_remembered_beyond_its_use(alice: User, code: str, vpn: Application, now: datetime) -> None:
    RememberRule.objects.create(application=vpn, scope="application", seconds=86400)
    assert judge(alice, code, now).accepted
    assert not Remembered.objects.exists()


def test_the_application_asks_for_it_first(alice: User, code: str, vpn: Application, now: datetime) -> None:
    asked = Asked(vpn, "alice")
    who = identify(asked, now=now)
    assert isinstance(who, Identified)
    question: Reply = reply(asked, who, now=now)
    assert question.kind == "temporary"
    answered = Asked(vpn, "alice", code=code, state=question.state)
    who = identify(answered, now=now)
    assert isinstance(who, Identified)
    assert reply(answered, who, now=now).accepted


@pytest.mark.row("N-22")
def test_the_person_is_told_on_every_address_and_never_the_code(alice: User, vpn: Application, now: datetime) -> None:
    User.objects.filter(pk=alice.pk).update(phone="+4917012345678", email="alice@example.test")
    code = issue(alice, now)
    told = Delivery.objects.filter(user=alice, template="temporary-issued")
    assert {one.channel for one in told} == {"mail", "sms"}
    assert not any(code in str(vars(row)) for row in (*told, *AuditEvent.objects.all(), *Factor.objects.all()))


def test_it_cannot_be_given_for_an_application_that_lists_other_kinds(
    alice: User, vpn: Application, now: datetime
) -> None:
    Application.objects.filter(slug="vpn").update(kinds=["totp"])
    with pytest.raises(temporary.NowhereAccepted):
        issue(alice, now)
    assert not Factor.objects.exists()
