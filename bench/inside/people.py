"""People with factors, history and messages, written straight into the tables, and sessions that are signed in."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.models import PhoneSource, SyncChange, SyncProblem, SyncRun, User
from mfa import holdings, kinds
from mfa.models import AuditEvent, AuthenticationRecord, Delivery, Factor, Policy
from mfa.outcomes import OATH_VERIFIED
from mfa.pages import sessions

BATCH = 1000
SECRET = "bench secret of 20 b"
"""Of every authenticator app."""
TOTP_STATE = {"algorithm": "SHA1", "digits": 6, "period": 30}


def add_people(first: int, count: int) -> list[User]:
    """p0000001 and so on: active, with a number and a directory's identity; nobody can sign in with a password."""
    numbers = range(first, first + count)
    return User.objects.bulk_create([_person(number) for number in numbers], batch_size=BATCH)


def asked_for(*, now: datetime) -> list[User]:
    """As many people as `--people` says, each with an authenticator app."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    everybody = add_people(0, parser.parse_args().people)
    add_factors(everybody, 1, now=now)
    return everybody


def _person(number: int) -> User:
    username = f"p{number:07d}"
    return User(
        username=username,
        name=f"Person {number}",
        email=f"{username}@example.test",
        password="!",
        phone=f"+447400{number % 1_000_000:06d}",
        phone_source=PhoneSource.DIRECTORY,
        directory_id=f"id-{number}",
        directory_dn=f"uid={username},ou=people,dc=example,dc=test",
    )


def add_factors(people: list[User], apps: int, *, now: datetime) -> None:
    """`apps` authenticator apps for each, and recovery codes for those who have none."""
    have = set(Factor.objects.filter(kind="recovery").values_list("user_id", flat=True))
    factors = [factor for person in people for factor in _apps(person, apps, now)]
    if "recovery" in kinds.registry():
        factors += [_recovery(person, now) for person in people if person.pk not in have]
    Factor.objects.bulk_create(factors, batch_size=BATCH)


def _apps(person: User, count: int, now: datetime) -> Iterator[Factor]:
    for number in range(count):
        app = Factor(user=person, kind="totp", name=f"Phone {number}", confirmed=True, state=dict(TOTP_STATE))
        app.created_at = now
        app.seal(SECRET.encode())
        yield app


def _recovery(person: User, now: datetime) -> Factor:
    codes = Factor(user=person, kind="recovery", key=holdings.single_key(person), name="Recovery codes")
    codes.confirmed, codes.state, codes.created_at = True, {"left": 10}, now
    codes.seal(b'{"codes": []}')
    return codes


def add_history(people: list[User], events: int, *, now: datetime) -> None:
    """For each person `events` changes and as many sign-ins, one minute apart, and a message for each change."""
    times = [now - timedelta(minutes=number) for number in range(events)]
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(at=at, action="factor.renamed", user=p, username=p.username, actor=p, actor_name=p.username)
            for p in people
            for at in times
        ],
        batch_size=BATCH,
    )
    AuthenticationRecord.objects.bulk_create(
        [_sign_in(person, at) for person in people for at in times], batch_size=BATCH
    )
    Delivery.objects.bulk_create([_message(person, at) for person in people for at in times], batch_size=BATCH)


def _sign_in(person: User, at: datetime) -> AuthenticationRecord:
    return AuthenticationRecord(
        at=at,
        user=person,
        username=person.username,
        application="portal",
        address="192.0.2.7",
        kind="totp",
        accepted=True,
        code=OATH_VERIFIED.code,
        cause=OATH_VERIFIED.meaning,
    )


def _message(person: User, at: datetime) -> Delivery:
    return Delivery(
        user=person,
        channel=Delivery.Channel.MAIL,
        template="factor-added",
        recipient=person.email,
        state=Delivery.State.SENT,
        created_at=at,
        next_try_at=at,
        handed_over_at=at,
    )


def add_run(people: list[User], *, now: datetime) -> None:
    """A directory run that changed each person and could not use a value of each; a policy for who has none."""
    run = SyncRun.objects.create(state=SyncRun.State.DONE, trigger=SyncRun.Trigger.SHELL, started_at=now)
    SyncChange.objects.bulk_create(
        [SyncChange(run=run, user=person, kind=SyncChange.Kind.CREATED) for person in people], batch_size=BATCH
    )
    SyncProblem.objects.bulk_create(
        [SyncProblem(run=run, user=person, username=person.username, reason="too_short") for person in people],
        batch_size=BATCH,
    )
    Policy.objects.bulk_create([Policy(user=person) for person in people], batch_size=BATCH, ignore_conflicts=True)


def signed_in(person: User, *, now: datetime) -> str:
    """The key of a session in which the person has just shown password and authenticator app."""
    request = HttpRequest()
    request.user = AnonymousUser()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    person.backend = "accounts.backends.LocalBackend"
    sessions.sign_in(request, person, Factor.objects.filter(user=person, kind="totp").first(), now=now)
    request.session.save()
    return str(request.session.session_key)
