"""A confirmed number is written to a real Active Directory domain controller by an account that was given one right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts import users
from accounts.directory import sync, write_back
from accounts.models import PhoneSource, SyncRun, User, WriteBack
from tests.accounts.directory.active_directory import settings_for
from tests.services.samba import Samba

pytestmark = pytest.mark.django_db
NEW = "+447400200002"
PASSWORD = "A long password of 9 words!"


@pytest.fixture
def domain(samba: Samba, settings: LazySettings) -> Iterator[Samba]:
    samba.reset()
    for name, value in settings_for(samba).items():
        setattr(settings, name, value)
    settings.PHONE_AUTHORITY = "write_back"
    samba.add_person("alice", PASSWORD, mobile="07400 200001")
    samba.add_person("bob", PASSWORD)
    samba.add_person("carol", PASSWORD, mobile="ask the secretary")
    yield samba
    samba.reset()


def confirmed(username: str) -> WriteBack:
    """What becomes of a number that the person confirmed."""
    person = User.objects.get(username=username)
    users.set_phone(person, NEW, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=person)
    row = WriteBack.objects.get(user=person, state="queued")
    write_back.attempt(row.pk, clock=timezone.now)
    row.refresh_from_db()
    return row


def mobile(domain: Samba, name: str) -> list[bytes]:
    ((_, values),) = domain.search(f"(sAMAccountName={name})", attributes=["mobile"])
    return values.get("mobile", [])


def test_a_number_is_replaced_added_or_refused_as_the_domain_says(domain: Samba, settings: LazySettings) -> None:
    sync.run(trigger=SyncRun.Trigger.SHELL)
    refused = confirmed("alice")
    assert (refused.state, "no right to change mobile" in refused.answer) == ("refused", True)
    assert mobile(domain, "alice") == [b"07400 200001"]
    settings.LDAP_WRITE_BIND_DN = f"CN=Administrator,CN=Users,{domain.suffix}"
    settings.LDAP_WRITE_BIND_PASSWORD = domain.administrator_password
    assert write_back.try_again(refused.pk, now=timezone.now())
    write_back.attempt(refused.pk, clock=timezone.now)
    refused.refresh_from_db()
    assert (refused.state, mobile(domain, "alice")) == ("written", [NEW.encode()])
    assert (confirmed("bob").state, mobile(domain, "bob")) == ("written", [NEW.encode()])
    kept = confirmed("carol")
    assert (kept.state, mobile(domain, "carol")) == ("refused", [b"ask the secretary"])
