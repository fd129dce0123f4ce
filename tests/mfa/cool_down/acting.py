"""What people and helpdesk do at a moment, by the portal's own flows, and what an application then says."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts import users
from accounts.models import PhoneSource, User
from mfa import enrolment
from mfa.desk import acts
from mfa.desk.asked import Order
from mfa.factors.sms import flows as sms
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from mfa.models import Application, Factor
from mfa.outcomes import CODE_PENDING, SMS_SENT, Result
from mfa.tokens import stock
from mfa.verification.dialogue import Asked
from mfa.verification.simulation import simulate
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import NEW, OLD, code_to
from tests.mfa.tokens.shelf import put
from tests.stories.acting import code_of

HOURS = 24
HOUR = timedelta(hours=1)
JUST_AFTER = timedelta(hours=HOURS, minutes=1)
ASKED = (CODE_PENDING, SMS_SENT)


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


def after_a_reset(user: User, now: datetime) -> None:
    add_factor(user)
    reset(user, now)
    app(user, now)


def a_token(user: User, now: datetime) -> None:
    put()
    stock.assign(user, "1001", actor=user, reason="first day", now=now)


def a_number(user: User, now: datetime) -> None:
    acts.BY_SLUG["phone"].do(user, order(user, now, number=NEW))


def kept(user: User, now: datetime) -> None:
    """One kind was reset, another works; what replaces the first is new."""
    app(user, now - timedelta(days=90))
    users.set_phone(user, OLD, source=PhoneSource.SELF, confirmed_at=now, actor=None)
    reset(user, now, kind="totp")
    app(user, now)
