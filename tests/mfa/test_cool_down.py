"""Applications that take what was set up after a reset, or given out by helpdesk, some hours later only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import activation, applications, enrolment, holdings, lost, temporary
from mfa.desk import acts
from mfa.desk.asked import Order
from mfa.factors.activation import first_password
from mfa.factors.activation.flows import redeem
from mfa.factors.recovery import flows as recovery
from mfa.factors.sms import flows as sms, undo
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from mfa.models import Application, Factor, Rule
from mfa.outcomes import CODE_PENDING, FACTOR_LOST, FACTOR_NEW, KIND_RULED_OUT, SMS_SENT, Result
from mfa.tokens import stock
from mfa.verification.dialogue import Asked
from mfa.verification.simulation import simulate
from tests.conftest import PASSWORD
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import NEW, OLD, OTHER, code_to, link_to
from tests.mfa.tokens.shelf import put
from tests.stories.acting import code_of

pytestmark = pytest.mark.row("T-59")
HOURS = 24
HOUR = timedelta(hours=1)
JUST_AFTER = timedelta(hours=HOURS, minutes=1)
ASKED = (CODE_PENDING, SMS_SENT)


@pytest.fixture
def start() -> datetime:
    return timezone.now()


@pytest.fixture(autouse=True)
def bank(db: None) -> Application:
    """Sensitive; takes all kinds that can be typed."""
    kinds = ["totp", "sms", "token", "email", "recovery", "motp", "temporary"]
    return Application.objects.create(slug="bank", name="Bank", kinds=kinds, cool_down_hours=HOURS)


@pytest.fixture(autouse=True)
def wiki(db: None) -> Application:
    return Application.objects.create(slug="wiki", name="Wiki")


def asked_at(application: Application, user: User, now: datetime) -> Result:
    """What comes of connecting with the right password."""
    return simulate(Asked(application, user.username), now=now).reply.result


def app(user: User, now: datetime, *, name: str = "App", replaces: Factor | None = None) -> Factor:
    """An app that the person sets up by the portal's own flow."""
    factor = totp.begin(user, name=name, now=now, replaces=replaces)
    return totp.confirm(user, factor.pk, code_of(token_of(factor).secret, at=now), now=now)


def reset(user: User, now: datetime, kind: str = "") -> None:
    enrolment.reset(user, actor=None, reason="lost", now=now, kind=kind)


def order(user: User, now: datetime, **fields: object) -> Order:
    return Order(actor=user, reason="lost", now=now, **fields)  # type: ignore[arg-type]


def confirm_number(user: User, number: str, now: datetime) -> None:
    token = sms.start(user, number, actor=user, now=now).token
    sms.finish(user, token, code_to(number), actor=user, now=now)


@pytest.mark.parametrize(
    ("hours", "since", "now", "taken_from"),
    [
        (0, "09:00:00", "09:00:01", None),
        (1, None, "09:00:01", None),
        (1, "09:00:00", "09:59:59", "10:00:00"),
        (1, "09:00:00", "10:00:00", None),
        (1, "09:00:01", "10:00:59", "10:01:00"),
        (1, "09:00:01", "10:01:00", None),
        (1, "09:30:00", "09:00:00", "10:30:00"),
        (168, "09:00:00", "09:00:01", "7 09:00:00"),
    ],
)
def test_what_is_new_is_taken_from_the_full_minute_on_at_which_the_hours_are_over(
    hours: int, since: str | None, now: str, taken_from: str | None
) -> None:
    """The last but one: a clock that was put back makes nothing old."""

    def at(text: str | None) -> datetime | None:
        days, _, clock = text.rpartition(" ") if text else ("", "", "")
        day = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=int(days or 0))
        return datetime.combine(day, datetime.strptime(clock, "%H:%M:%S").time(), UTC) if text else None  # a clock time

    moment = at(now)
    assert moment
    row = Application(slug="bank", cool_down_hours=hours)
    assert applications.taken_from(row, at(since), now=moment) == at(taken_from)


def by_an_activation_code(user: User, now: datetime) -> None:
    code = activation.issue(user, actor=None, reason="first day", now=now).code
    redeem(user, code, address="", now=now)
    app(user, now)


def by_a_first_password(user: User, now: datetime) -> None:
    user.set_unusable_password()
    user.save()
    code = activation.issue(user, actor=None, reason="first day", now=now).code
    first_password.give(user, code, PASSWORD, address="", now=now)
    app(user, now)


def after_a_reset(user: User, now: datetime) -> None:
    add_factor(user)
    reset(user, now)
    app(user, now)


def a_second_one_with_the_first(user: User, now: datetime) -> None:
    after_a_reset(user, now)
    app(user, now, name="Second")
    enrolment.remove(Factor.objects.get(name="App"), actor=user, now=now)


def a_token(user: User, now: datetime) -> None:
    put()
    stock.assign(user, "1001", actor=user, reason="first day", now=now)


def an_app_by_a_token(user: User, now: datetime) -> None:
    a_token(user, now)
    app(user, now)


def a_number(user: User, now: datetime) -> None:
    acts.BY_SLUG["phone"].do(user, order(user, now, number=NEW))


def a_number_in_the_place_of_another(user: User, now: datetime) -> None:
    users.set_phone(user, OLD, source=PhoneSource.SELF, confirmed_at=now, actor=None)
    a_number(user, now)


def a_number_confirmed_anew(user: User, now: datetime) -> None:
    users.set_phone(user, OLD, source=PhoneSource.SELF, confirmed_at=now, actor=None)
    reset(user, now)
    confirm_number(user, OLD, now)


def a_number_from_the_directory(user: User, now: datetime) -> None:
    add_factor(user)
    reset(user, now)
    users.set_phone(user, NEW, source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)


def recovery_codes(user: User, now: datetime) -> None:
    after_a_reset(user, now)
    made = recovery.begin(user, now=now)
    recovery.confirm(user, made.pk, recovery.shown(made)[0], now=now)
    Factor.objects.filter(user=user, kind="totp").delete()


def a_temporary_code(user: User, now: datetime) -> None:
    terms = temporary.Terms(hours=72, uses=5, applications=("bank",))
    temporary.issue(user, terms, actor=user, reason="phone at home", now=now)


def what_was_lost_brought_back(user: User, now: datetime) -> None:
    """By whoever has both, the stolen phone and a token from helpdesk."""
    stolen = app(user, now - timedelta(days=90))
    lost.report(user, [stolen], actor=user, now=now)
    a_token(user, now)
    lost.resume(user, stolen, proved_by="token", actor=user, now=now)
    Factor.objects.filter(kind="token").delete()


@pytest.mark.parametrize(
    "set_up",
    [
        by_an_activation_code, by_a_first_password, after_a_reset, a_second_one_with_the_first, a_token,
        an_app_by_a_token, a_number, a_number_in_the_place_of_another, a_number_confirmed_anew,
        a_number_from_the_directory, recovery_codes, a_temporary_code, what_was_lost_brought_back,
    ],
)  # fmt: skip
def test_what_came_with_help_is_taken_when_its_hours_are_over(
    set_up: Callable[[User, datetime], None], alice: User, bank: Application, start: datetime
) -> None:
    set_up(alice, start)
    for later in (timedelta(), HOURS * HOUR - timedelta(minutes=1)):
        found = simulate(Asked(bank, "alice"), now=start + later)
        assert (found.reply.result, found.factors) == (FACTOR_NEW, ())
        assert found.waiting
    assert asked_at(bank, alice, start + JUST_AFTER) in ASKED


def removed_and_added_again(user: User, now: datetime) -> None:
    first = app(user, now)
    app(user, now, name="Second")
    enrolment.remove(first, actor=user, now=now)
    app(user, now, name="Third")


def replaced(user: User, now: datetime) -> None:
    app(user, now, name="Second", replaces=app(user, now))


def renamed(user: User, now: datetime) -> None:
    enrolment.rename(app(user, now), "Known for years", actor=user)


def helped_again(user: User, now: datetime) -> None:
    """A later reset says nothing of what was set up between the two."""
    app(user, now)
    reset(user, now + HOUR, kind="motp")


def removed_number_put_back_by_its_link(user: User, now: datetime) -> None:
    """The number was the attacker's, so its link comes to the attacker."""
    a_number(user, now)
    app(user, now)
    sms.remove(User.objects.get(pk=user.pk), actor=user, now=now)
    token, code = link_to(NEW).rstrip("/").split("/")[-2:]
    undo.take(token, code, now=now)
    Factor.objects.filter(user=user, kind="totp").delete()


def removed_number_entered_again(user: User, now: datetime) -> None:
    a_number(user, now)
    app(user, now)
    sms.remove(User.objects.get(pk=user.pk), actor=user, now=now)
    confirm_number(User.objects.get(pk=user.pk), OTHER, now + HOUR)
    Factor.objects.filter(user=user, kind="totp").delete()


@pytest.mark.parametrize(
    "attack",
    [
        removed_and_added_again, replaced, renamed, helped_again, removed_number_put_back_by_its_link,
        removed_number_entered_again,
    ],
)  # fmt: skip
def test_nothing_that_is_done_with_it_makes_it_older(
    attack: Callable[[User, datetime], None], alice: User, bank: Application, start: datetime
) -> None:
    add_factor(alice)
    reset(alice, start)
    attack(alice, start)
    assert asked_at(bank, alice, start + HOURS * HOUR - timedelta(minutes=1)) is FACTOR_NEW
    assert asked_at(bank, alice, start + JUST_AFTER) in ASKED


def test_an_activation_code_that_is_kept_until_the_hours_are_over_starts_them_anew(
    alice: User, bank: Application, start: datetime
) -> None:
    add_factor(alice)
    reset(alice, start)
    code = activation.issue(alice, actor=None, reason="lost", now=start).code
    used = start + HOURS * HOUR - timedelta(minutes=1)
    redeem(alice, code, address="", now=used)
    app(alice, used)
    assert asked_at(bank, alice, start + JUST_AFTER) is FACTOR_NEW
    assert asked_at(bank, alice, used + JUST_AFTER) in ASKED


def kept(user: User, now: datetime) -> None:
    """One kind was reset, another works; what replaces the first is new."""
    app(user, now - timedelta(days=90))
    users.set_phone(user, OLD, source=PhoneSource.SELF, confirmed_at=now, actor=None)
    reset(user, now, kind="totp")
    app(user, now)


def by_number_alone_while_a_token_comes(user: User, now: datetime) -> None:
    users.set_phone(user, OLD, source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)
    a_token(user, now)


def a_new_phone_without_help(user: User, now: datetime) -> None:
    app(user, now, name="New phone", replaces=app(user, now - timedelta(days=90)))


def a_first_app(user: User, now: datetime) -> None:
    app(user, now)


def long_after_a_reset(user: User, now: datetime) -> None:
    reset(user, now - JUST_AFTER)
    first = app(user, now - JUST_AFTER)
    app(user, now, name="Second")
    enrolment.remove(first, actor=user, now=now)


def beside_a_code_that_nobody_used(user: User, now: datetime) -> None:
    app(user, now - timedelta(days=90))
    activation.issue(user, actor=None, reason="too early", now=now)
    app(user, now, name="Second")
    Factor.objects.filter(name="App").delete()


def by_a_recovery_code(user: User, now: datetime) -> None:
    """Nobody at helpdesk was talked to: who is in by one sets up another app, and the lost one goes."""
    old = app(user, now - timedelta(days=90))
    made = recovery.begin(user, now=now)
    recovery.confirm(user, made.pk, recovery.shown(made)[0], now=now)
    app(user, now, name="New phone", replaces=old)


def found_again_without_help(user: User, now: datetime) -> None:
    phone, other = app(user, now - timedelta(days=90)), app(user, now - timedelta(days=90), name="Other")
    lost.report(user, [phone], actor=user, now=now)
    lost.resume(user, phone, proved_by="totp", actor=user, now=now)
    enrolment.remove(other, actor=user, now=now)


@pytest.mark.parametrize(
    "change",
    [
        kept, by_number_alone_while_a_token_comes, a_new_phone_without_help, a_first_app, long_after_a_reset,
        beside_a_code_that_nobody_used, by_a_recovery_code, found_again_without_help,
    ],
)  # fmt: skip
def test_what_was_there_before_or_needed_no_help_is_taken_at_once(
    change: Callable[[User, datetime], None], alice: User, bank: Application, start: datetime
) -> None:
    change(alice, start)
    found = simulate(Asked(bank, "alice"), now=start)
    assert found.reply.result in ASKED
    assert all(one.factor not in found.factors for one in found.waiting)


def test_beside_a_factor_that_is_taken_the_new_one_is_not_offered(
    alice: User, bank: Application, start: datetime
) -> None:
    kept(alice, start)
    found = simulate(Asked(bank, "alice"), now=start)
    assert [one.kind for one in found.factors] == ["sms"]
    assert [one.factor.kind for one in found.waiting] == ["totp"]


def test_where_no_hours_are_set_and_at_the_portal_a_new_factor_counts_at_once(
    alice: User, wiki: Application, start: datetime
) -> None:
    after_a_reset(alice, start)
    assert asked_at(wiki, alice, start) is CODE_PENDING
    assert [one.kind for one in holdings.opening(alice, now=start)] == ["totp"]
    for own in applications.OWN:
        assert applications.answering(list(alice.factors.all()), frozenset({"totp"}), own, now=start)


def test_a_change_of_the_hours_counts_for_what_is_there(alice: User, bank: Application, start: datetime) -> None:
    after_a_reset(alice, start)
    later = start + 30 * HOUR
    for hours, result in ((24, CODE_PENDING), (48, FACTOR_NEW), (0, CODE_PENDING)):
        Application.objects.filter(pk=bank.pk).update(cool_down_hours=hours)
        assert asked_at(Application.objects.get(pk=bank.pk), alice, later) is result


def test_a_rule_that_takes_the_kind_away_is_the_cause_since_no_time_will_mend_that(
    alice: User, bank: Application, start: datetime
) -> None:
    after_a_reset(alice, start)
    Rule.objects.create(name="Passkeys", starts_on=start.date() - timedelta(days=40), kinds=["webauthn"])
    assert asked_at(bank, alice, start) is KIND_RULED_OUT


def test_the_cause_is_the_new_factor_where_another_one_is_lost(alice: User, bank: Application, start: datetime) -> None:
    lost.report(alice, [app(alice, start - timedelta(days=90))], actor=alice, now=start)
    assert asked_at(bank, alice, start) is FACTOR_LOST
    a_token(alice, start)
    found = simulate(Asked(bank, "alice"), now=start)
    until = timezone.localtime(found.waiting[0].until)
    assert found.cause == f"Factor New After A Reset: taken from {until:%Y-%m-%d %H:%M}+00:00"


def test_the_database_itself_keeps_the_hours_to_a_week(bank: Application) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.filter(pk=bank.pk).update(cool_down_hours=169)
