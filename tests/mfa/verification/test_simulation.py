"""The simulator against the dialogue itself, on cases drawn with a fixed seed; and that it leaves nothing behind."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from mfa import holdings, limits
from mfa.kinds import Answer
from mfa.models import (
    Application,
    AuthenticationRecord,
    Factor,
    GuessCounter,
    Policy,
    Preference,
    Remembered,
    RememberRule,
    Rule,
)
from mfa.outcomes import FACTOR_LOST, FACTOR_NEW, KIND_NOT_TAKEN, KIND_RULED_OUT
from mfa.verification import dialogue, service
from mfa.verification.dialogue import Asked, Identified
from mfa.verification.simulation import simulate
from tests.mfa.doors import add_factor

ADDRESSES = ("", "198.51.100.7", "2001:db8::7")


def everything() -> list[Any]:
    """Every row of every table of ours, as it is now."""
    labels = ("accounts", "mfa")
    models = [model for model in apps.get_models() if model._meta.app_label in labels]
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def drawn(chance: random.Random, user: User, now: datetime) -> Asked:
    """A person with some factors, some rules, some memory, perhaps locked or gone; asked for by one application."""
    application = Application.objects.create(
        slug=f"a{user.pk}", name="VPN", address_attribute="address", mode=chance.choice(Application.Mode.values),
        kinds=chance.choice([[], ["sms"], ["totp", "sms"]]), domains=["example.org"],
        separator=chance.choice(["", ","]), cool_down_hours=chance.choice([0, 24]),
    )  # fmt: skip
    after_a_reset = [None, now - timedelta(hours=1), now - timedelta(hours=25)]
    if chance.random() < 0.7:
        state = {"algorithm": "SHA1", "digits": 6, "period": 30}
        add_factor(user, state=state, new_since=chance.choice(after_a_reset))
    if chance.random() < 0.2:
        key, lost_at = holdings.single_key(user), now if chance.random() < 0.5 else None
        add_factor(user, "sms", key=key, suspended_at=lost_at, new_since=chance.choice(after_a_reset))
    if chance.random() < 0.2:
        add_factor(user, suspended_at=now, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    if chance.random() < 0.5:
        mine = list(user.factors.all()) or [Factor(kind="sms", key=holdings.single_key(user))]
        one = chance.choice(mine)
        Preference.objects.create(user=user, kind=one.kind, key=one.key)
    spot = chance.choice(ADDRESSES)
    for scope in chance.sample(["user", "application", "address"], chance.randint(0, 2)):
        rule = RememberRule.objects.create(
            name=f"{scope} {user.pk}", scope=scope, seconds=600, kind=chance.choice(["", "totp"]),
            application=chance.choice([None, application]), active=chance.random() < 0.8,
        )  # fmt: skip
        at = now - timedelta(seconds=chance.choice([5, 700]))
        Remembered.objects.create(
            rule=rule, user=user, application=application, address=spot if scope == "address" else "",
            kind=chance.choice(["totp", "sms"]), epoch=user.security_epoch + (chance.random() < 0.2), at=at,
            until=at + timedelta(seconds=600), new_since=chance.choice(after_a_reset),
        )  # fmt: skip
    if chance.random() < 0.2:
        GuessCounter.objects.create(subject=limits.of_account(user), failures={"totp": [60, now.timestamp()]})
    if chance.random() < 0.2:
        Policy.objects.create(user=user, required=True)
    if chance.random() < 0.15:
        User.objects.filter(pk=user.pk).update(is_active=False)
    if chance.random() < 0.3:
        lent = {"applications": [chance.choice([application.slug, "another"])], "left": 1}
        add_factor(user, "temporary", state=lent, key=f"t{user.pk}", new_since=chance.choice(after_a_reset))
    spellings = [user.username.upper(), f"{user.username}@example.org", f"{user.username}@other.org", "nobody"]
    name = chance.choice(spellings) if chance.random() < 0.3 else user.username
    return Asked(application, name, address=chance.choice(ADDRESSES))


@pytest.mark.row("T-33")
@pytest.mark.parametrize("seed", range(12))
def test_the_simulator_says_what_the_dialogue_then_does_and_leaves_no_trace(
    seed: int, db: None, now: datetime,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    chance = random.Random(seed)  # cases, not secrets
    if chance.random() < 0.4:
        Rule.objects.create(name="Only apps", starts_on=now.date() - timedelta(days=40), kinds=["totp"])
    for number in range(4):
        phone = f"+49151123456{seed:02d}{number}"[:13] if chance.random() < 0.6 else ""
        asked = drawn(chance, User.objects.create(username=f"p{number}", phone=phone), now)
        before = everything()
        with django_capture_on_commit_callbacks() as left:
            told = simulate(asked, now=now)
        assert left == []
        assert everything() == before
        who = identified(asked)
        if who is None:
            assert not told.reply.accepted
            assert told.reply.state == ""
            continue
        done = dialogue.reply(asked, who, now=now)
        seen, real = told.reply, done
        assert (seen.result, seen.accepted, bool(seen.state), seen.kind, seen.words) == (
            real.result, real.accepted, bool(real.state), real.kind, real.words,
        )  # fmt: skip
        record = AuthenticationRecord.objects.latest("pk")
        assert (told.rule, told.cause) == (record.rule, record.cause)
        if real.state:
            assert real.kind in {factor.kind for factor in told.factors}
            assert "instead of" in record.cause or real.kind == told.factors[0].kind
        if real.result in (KIND_NOT_TAKEN, KIND_RULED_OUT, FACTOR_LOST, FACTOR_NEW):
            assert not told.factors
        if real.result is FACTOR_NEW:
            assert told.waiting
        assert not {one.factor.pk for one in told.waiting} & {factor.pk for factor in told.factors}


@pytest.mark.parametrize(
    ("listed", "ruled", "words"),
    [
        (["totp"], ["sms"], "Kind Of Factor Taken Away By A Rule: Phones only"),
        (["sms"], [], "No Factor That This Application Takes"),
    ],
)
def test_it_says_whether_a_rule_or_the_application_is_in_the_way_and_so_does_the_log(
    db: None, now: datetime, listed: list[str], ruled: list[str], words: str
) -> None:
    user = User.objects.create(username="alice")
    add_factor(user, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    vpn = Application.objects.create(slug="vpn", name="VPN", mode=Application.Mode.CODE_ONLY, kinds=listed)
    Rule.objects.create(name="Phones only", starts_on=now.date() - timedelta(days=40), kinds=ruled)
    assert simulate(Asked(vpn, "alice"), now=now).cause == words
    service.verify(service.Attempt(user, Answer("123456"), "vpn", ""), now=now)
    assert AuthenticationRecord.objects.get().cause == words


def identified(asked: Asked) -> Identified | None:
    user = User.objects.filter(username=asked.name.lower(), is_active=True).first()
    return Identified(user) if user else None
