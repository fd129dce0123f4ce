"""What is remembered, for whom, where, and what ends it: the decision table of remember rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import applications, enrolment, limits, lost, registration
from mfa.desk import remember_words
from mfa.factors.recovery import codes, factor as recovery
from mfa.kinds import Answer, Purpose
from mfa.models import Application, Factor, GuessCounter, Remembered, RememberRule
from mfa.verification import memory, service
from mfa.verification.service import Attempt
from tests.conftest import PASSWORD
from tests.mfa.api.conftest import Call, call, key_of  # noqa: F401  # fixtures
from tests.mfa.doors import SECRET, add_factor
from tests.stories.authenticator import Phone

HOUR = timedelta(hours=1)
OFFICE, OFFICE_MAPPED, HOME = "198.51.100.7", "::ffff:198.51.100.7", "2001:db8::7"


@pytest.fixture
def vpn(db: None) -> Application:
    return Application.objects.create(slug="vpn", name="VPN", address_attribute="address")


@pytest.fixture
def mail(db: None) -> Application:
    return Application.objects.create(slug="mail", name="Mail")


@pytest.fixture
def app(alice: User) -> Factor:
    return add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30})


def rule(scope: str, **columns: object) -> RememberRule:
    return RememberRule.objects.create(**({"name": "Five minutes", "scope": scope, "seconds": 300} | columns))


def remember(user: User, address: str, now: datetime, kind: str = "totp") -> None:
    memory.remember(Factor(user=user, kind=kind), "vpn", address, epoch=user.security_epoch, now=now)


@pytest.mark.row("T-33")
@pytest.mark.row("A-8.1.3")
@pytest.mark.parametrize(
    ("scope", "first", "application", "then", "spared"),
    [
        ("address", OFFICE, "vpn", OFFICE, True),
        ("address", OFFICE, "vpn", OFFICE_MAPPED, True),
        ("address", OFFICE_MAPPED, "vpn", OFFICE, True),
        ("address", OFFICE, "vpn", "198.51.100.8", False),
        ("address", OFFICE, "mail", OFFICE, False),
        ("address", HOME, "vpn", "2001:0DB8:0:0::0007", True),
        ("address", HOME, "vpn", "2001:db8::8", False),
        ("address", "", "vpn", "", False),
        ("address", "a", "vpn", "a", False),
        ("address", "198.51.100.0/24", "vpn", "198.51.100.0/24", False),
        ("address", "198.51.100.7:443", "vpn", "198.51.100.7:443", False),
        ("address", "0x" + "a" * 10_000, "vpn", "0x" + "a" * 10_000, False),
        ("address", OFFICE, "vpn", "", False),
        ("application", OFFICE, "vpn", HOME, True),
        ("application", "", "vpn", "", True),
        ("application", OFFICE, "mail", OFFICE, False),
        ("user", OFFICE, "mail", HOME, True),
        ("user", "", "portal", "", False),
        ("user", OFFICE, "unknown", OFFICE, False),
    ],
)
def test_who_is_spared_where_and_from_which_address(
    scope: str, first: str, application: str, then: str, spared: bool, vpn: Application, mail: Application,
    alice: User, make_user: Callable[..., User], now: datetime,
) -> None:  # fmt: skip
    rule(scope)
    remember(alice, first, now)
    later = now + timedelta(seconds=60)
    assert (memory.recall(alice, application, then, now=later) is not None) is spared
    assert memory.recall(make_user("bob"), application, then, now=later) is None


@pytest.mark.row("N-27")
@pytest.mark.row("T-33")
@pytest.mark.row("T-36")
@pytest.mark.parametrize(("seconds", "spared"), [(-1, False), (0, True), (299, True), (300, False)])
def test_it_holds_from_the_verification_to_the_end_and_not_a_moment_longer(
    seconds: int, spared: bool, vpn: Application, alice: User, now: datetime
) -> None:
    rule("application")
    remember(alice, OFFICE, now)
    assert (memory.recall(alice, "vpn", OFFICE, now=now + timedelta(seconds=seconds)) is not None) is spared


@pytest.mark.row("T-33")
def test_two_spellings_of_a_name_are_one_person(
    vpn: Application, alice: User, app: Factor, call: Call, key_of: Callable[..., str]  # noqa: F811
) -> None:  # fmt: skip
    rule("application")
    remember(alice, "", timezone.now())
    for name in ("Alice", "ALICE ", "ａｌｉｃｅ"):
        assert call("challenge", key_of(vpn, days=9), username=name, password=PASSWORD).json()["accepted"]
        vpn.keys.all().delete()


@pytest.mark.row("T-32")
def test_an_address_counts_only_from_an_application_that_is_believed(
    vpn: Application, mail: Application, alice: User, app: Factor, call: Call, key_of: Callable[..., str]  # noqa: F811
) -> None:  # fmt: skip
    rule("address")
    asked = {"username": "alice", "password": PASSWORD, "address": OFFICE}
    mail_key, vpn_key = key_of(mail), key_of(vpn)

    def accepted(path: str, key: str, **more: str) -> bool:
        return bool(call(path, key, raw=json.dumps(asked | more).encode()).json()["accepted"])

    assert accepted("verify", mail_key, code=Phone(SECRET, "alice").code())
    assert not Remembered.objects.exists()
    remember(alice, OFFICE, timezone.now())
    assert not accepted("challenge", mail_key), "not with another application's address"
    assert accepted("challenge", vpn_key)
    Application.objects.filter(pk=vpn.pk).update(address_attribute="Calling-Station-Id")
    assert not accepted("challenge", vpn_key), "another attribute is believed now"


def _reset(user: User, app: Factor, admin: User, now: datetime) -> None:
    enrolment.reset(user, actor=admin, reason="Test", now=now)


def _remove(user: User, app: Factor, admin: User, now: datetime) -> None:
    enrolment.remove(app, actor=user, now=now)


def _replace(user: User, app: Factor, admin: User, now: datetime) -> None:
    enrolment.confirm(enrolment.begin(user, "totp", SECRET, name="Next", now=now), actor=user, now=now, replaces=app)


def _password(user: User, app: Factor, admin: User, now: datetime) -> None:
    users.move_epoch(user)


def _phone(user: User, app: Factor, admin: User, now: datetime) -> None:
    users.set_phone(user, "+4915112345678", source=PhoneSource.SELF, confirmed_at=now, actor=user)


def _deactivate(user: User, app: Factor, admin: User, now: datetime) -> None:
    users.deactivate_many([user.pk], now=now, actor=admin)


def _lost(user: User, app: Factor, admin: User, now: datetime) -> None:
    lost.report(user, [app], actor=user, now=now)


def _rule_ended(user: User, app: Factor, admin: User, now: datetime) -> None:
    registration.end_rule(RememberRule.objects.get(), actor=admin, reason="Test")


def _rule_narrowed(user: User, app: Factor, admin: User, now: datetime) -> None:
    row = RememberRule.objects.get()
    row.kind = "sms"
    registration.save_rule(row, actor=admin, reason="Test")


def _rule_shortened(user: User, app: Factor, admin: User, now: datetime) -> None:
    row = RememberRule.objects.get()
    row.seconds = 30
    registration.save_rule(row, actor=admin, reason="Test")


def _forgotten(user: User, app: Factor, admin: User, now: datetime) -> None:
    registration.forget_remembered(RememberRule.objects.get(), actor=admin, reason="Test")


EVENTS = (
    _reset, _remove, _replace, _password, _phone, _deactivate, _lost, _rule_ended, _rule_narrowed, _rule_shortened,
    _forgotten,
)  # fmt: skip


@pytest.mark.row("T-34")
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_after_any_change_of_the_account_or_the_rule_a_code_is_asked_for(
    event: Callable[..., None], vpn: Application, alice: User, app: Factor, make_user: Callable[..., User],
    now: datetime,
) -> None:  # fmt: skip
    rule("user")
    remember(alice, OFFICE, now)
    later = now + timedelta(seconds=60)

    def spared() -> bool:
        attempt = Attempt(User.objects.get(pk=alice.pk), Answer("", Purpose.APPLICATION), "vpn", OFFICE)
        return service.recall(attempt, now=later) is not None

    assert spared()
    event(alice, app, make_user("root"), later)
    assert not spared()


@pytest.mark.row("T-34")
def test_after_a_recovery_code_was_used_a_code_is_asked_for(vpn: Application, alice: User, now: datetime) -> None:
    rule("user")
    remember(alice, OFFICE, now)
    (code, *_others) = codes.draw()
    kept = Factor(user=alice, kind="recovery", name="Recovery codes", confirmed=True)
    recovery.keep(kept, [codes.Kept.of(code)])
    kept.save()
    assert service.verify(Attempt(alice, Answer(code), applications.PORTAL, OFFICE), now=now).accepted
    assert memory.recall(alice, "vpn", OFFICE, now=now) is None


@pytest.mark.row("T-35")
def test_what_a_weak_factor_opened_spares_nothing_where_a_strong_one_is_asked(
    vpn: Application, alice: User, now: datetime
) -> None:
    Application.objects.create(slug="strict", name="Strict", kinds=["totp"])
    rule("user")
    remember(alice, OFFICE, now, kind="sms")
    assert memory.recall(alice, "vpn", OFFICE, now=now) is not None
    assert memory.recall(alice, "strict", OFFICE, now=now) is None
    assert "sms" not in applications.accepted_kinds("strict")


@pytest.mark.row("T-59")
def test_what_a_new_factor_opened_spares_nothing_where_it_is_not_taken_yet(vpn: Application, alice: User) -> None:
    Application.objects.create(slug="bank", name="Bank", cool_down_hours=24)
    rule("user", seconds=3600)
    now, code = timezone.now(), Phone(SECRET, "alice").code()
    app = add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30}, new_since=now - HOUR)
    assert service.verify(Attempt(alice, Answer(code, Purpose.APPLICATION), "vpn", OFFICE), now=now).accepted
    assert Remembered.objects.get().new_since == app.new_since
    assert memory.recall(alice, "vpn", OFFICE, now=now) is not None
    assert memory.recall(alice, "bank", OFFICE, now=now) is None
    Application.objects.filter(slug="bank").update(cool_down_hours=1)
    assert memory.recall(alice, "bank", OFFICE, now=now + timedelta(minutes=1)) is not None


@pytest.mark.row("T-37")
def test_what_is_locked_is_spared_nothing(vpn: Application, alice: User, app: Factor, now: datetime) -> None:
    rule("user")
    remember(alice, OFFICE, now)
    GuessCounter.objects.create(subject=limits.of_account(alice), failures={"totp": [60, now.timestamp()]})
    attempt = Attempt(alice, Answer("", Purpose.APPLICATION), "vpn", OFFICE)
    assert service.recall(attempt, now=now) is None


@pytest.mark.row("T-40")
def test_a_verification_that_began_before_a_change_leaves_nothing_that_spares_a_code(
    vpn: Application, alice: User, app: Factor
) -> None:
    rule("user")
    before = User.objects.get(pk=alice.pk)
    users.move_epoch(alice)
    now, code = timezone.now(), Phone(SECRET, "alice").code()
    assert service.verify(Attempt(before, Answer(code, Purpose.APPLICATION), "vpn", OFFICE), now=now).accepted
    assert Remembered.objects.get().epoch == before.security_epoch
    assert memory.recall(User.objects.get(pk=alice.pk), "vpn", OFFICE, now=now) is None


@pytest.mark.row("T-41")
def test_without_what_was_remembered_a_code_is_asked_for_and_guesses_stay_counted(
    vpn: Application, alice: User, app: Factor, now: datetime
) -> None:
    rule("user")
    remember(alice, OFFICE, now)
    limits.fail(limits.lock(limits.of_account(alice)), "totp", now=now)
    Remembered.objects.all().delete()
    assert memory.recall(alice, "vpn", OFFICE, now=now) is None
    assert GuessCounter.objects.get().failures["totp"][0] == 1


@pytest.mark.row("N-27")
@pytest.mark.row("T-39")
def test_what_an_application_remembers_opens_nothing_of_the_portal(
    vpn: Application, alice: User, app: Factor, client: Client, now: datetime
) -> None:
    rule("user")
    remember(alice, "127.0.0.1", now)
    Remembered.objects.update(application=None)
    answer = client.post("/sign-in/", {"username": "alice", "password": PASSWORD}, secure=True)
    assert answer.headers["Location"].startswith("/sign-in/code/")
    for path in ("/", "/totp/add/", f"/totp/{app.pk}/remove/", "/recovery/"):
        assert client.get(path, secure=True).headers["Location"].startswith("/sign-in/"), path
    assert memory.recall(alice, "portal", "127.0.0.1", now=now) is None


@pytest.mark.row("T-38")
def test_a_rule_by_address_warns_of_shared_addresses_and_of_applications_that_are_not_believed(
    vpn: Application, mail: Application
) -> None:
    words = " ".join(remember_words.warnings(rule("address")))
    assert "knows the password of a colleague" in words
    assert "nothing at Mail" in words
    assert remember_words.effect(rule("address", application=vpn)) == (
        "Whoever showed a second factor at VPN is not asked again there from the same address for 5 minutes."
    )
    assert len(remember_words.warnings(rule("user", seconds=7200))) == 2
