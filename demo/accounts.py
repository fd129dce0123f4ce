"""Local sample accounts, one for each thing a person can be here."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import PhoneSource, User
from demo import passwords
from mfa import enrolment, policy, roles


@dataclass(frozen=True)
class Sample:
    username: str
    name: str
    what: str
    role: str = ""
    phone: str = ""
    has_app: bool = False
    must_enrol: bool = False


SAMPLES = (
    Sample("admin", "Adele Admin", "may do everything; sets up a second factor first", role=roles.ADMIN),
    Sample("helpdesk", "Henry Helpdesk", "helps people; sets up a second factor first", role=roles.HELPDESK),
    Sample("auditor", "Aurelia Auditor", "reads the trails; sets up a second factor first", role=roles.AUDITOR),
    Sample("alice", "Alice Sample", "has an authenticator app: make code USER=alice", has_app=True),
    Sample("bob", "Bob Sample", "must set up a second factor before anything else", must_enrol=True),
    Sample("carol", "Carol Sample", "gets codes by SMS: see the inbox page", phone="+491713920090"),
)


def load() -> None:
    """Make the accounts that are missing; those that exist stay as they are."""
    existing = set(User.objects.filter(username__in=[s.username for s in SAMPLES]).values_list("username", flat=True))
    for sample in SAMPLES:
        if sample.username not in existing:
            _make(sample)


@transaction.atomic
def _make(sample: Sample) -> None:
    now = timezone.now()
    user = User.objects.create_user(
        sample.username,
        passwords.of(sample.username),
        name=sample.name,
        email=f"{sample.username}@example.test",
        is_staff=bool(sample.role),
        phone=sample.phone,
        phone_source=PhoneSource.HELPDESK if sample.phone else PhoneSource.NONE,
        phone_confirmed_at=now if sample.phone else None,
    )
    if sample.role:
        user.groups.add(Group.objects.get(name=sample.role))
    if sample.has_app and "totp" in settings.MFA_FACTORS:
        from mfa.factors.totp import flows  # its app is installed only where the kind is in use

        factor = flows.begin(user, name="Sample phone", now=now)
        enrolment.confirm(factor, actor=user, now=now)
    if sample.must_enrol:
        policy.require(user, True, actor=None, reason="sample account")
