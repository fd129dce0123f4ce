"""People with roles and open sessions, for tests of pages behind the sign-in."""

from __future__ import annotations

from datetime import datetime

from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.models import User
from mfa import proof, roles, signed_in
from mfa.models import CallerCheck, Factor
from mfa.models.factors import new_key
from mfa.pages import sessions

SECRET = b"12345678901234567890"


def add_factor(user: User, kind: str = "totp", name: str = "Phone", **columns: object) -> Factor:
    """A confirmed factor made by hand, with a real sealed secret."""
    factor = Factor(user=user, kind=kind, name=name, confirmed=True, **columns)
    factor.seal(SECRET)
    factor.save()
    return factor


def sign_in(client: Client, user: User, factor: Factor | None, *, proved_at: datetime | None = None) -> None:
    """A session as signing in leaves it, with `factor` shown if given and the proof given at `proved_at` (now)."""
    client.force_login(user, backend="accounts.backends.LocalBackend")
    session = client.session
    session[sessions.STARTED_AT] = timezone.now().timestamp()
    session[sessions.ROW] = signed_in.begin(user, agent="", address="127.0.0.1", now=timezone.now()).pk
    if factor is not None:
        session[DEVICE_ID_SESSION_KEY] = factor.persistent_id
    proof.mark(session, now=proved_at or timezone.now())
    session.save()


def give_role(user: User, role: str) -> User:
    """The role as a migration made it; made again where a test emptied the tables."""
    if not Group.objects.filter(name=role).exists():
        roles.make(apps)
    user.groups.add(Group.objects.get(name=role))
    User.objects.filter(pk=user.pk).update(is_staff=True)
    return User.objects.get(pk=user.pk)


def read_back(agent: User, person: User) -> None:
    """The person has just read back the code of a caller check to this agent."""
    now = timezone.now()
    epoch = User.objects.values_list("security_epoch", flat=True).get(pk=person.pk)
    CallerCheck.objects.create(
        agent=agent, user=person, kind="sms", token=new_key(), epoch=epoch, sent_at=now, passed_at=now
    )
