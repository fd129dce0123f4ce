"""The page of one person in the admin says what that person reads on the own pages."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import audit
from mfa.models import Application, Factor
from mfa.outcomes import OATH_INCORRECT
from mfa.verification import log
from tests.mfa.doors import add_factor


def seen(client: Client, person: User) -> str:
    return " ".join(client.get(f"/admin/accounts/user/{person.pk}/change/", secure=True).content.decode().split())


def test_helpdesk_reads_what_protects_a_person_what_is_missing_and_what_it_is_good_for(
    staff: Callable[..., Client], alice: User
) -> None:
    client = staff("helpdesk")
    assert "Only your password protects your account" in seen(client, alice)
    add_factor(alice)
    page = seen(client, alice)
    assert "Your account is protected. One thing is missing." in page
    assert "Make yourself a way back in" in page
    assert "Ready for:" in page
    assert 'href="/recovery' not in page, "the steps are the person's own"


def test_helpdesk_reads_what_failed_last_with_its_mend_and_by_the_names_that_people_know(
    staff: Callable[..., Client], alice: User
) -> None:
    Application.objects.create(slug="vpn-gw1", name="Office VPN")
    add_factor(alice)
    Factor.objects.filter(user=alice).update(last_used_for="vpn-gw1")
    client = staff("helpdesk")
    assert "What failed last" not in seen(client, alice)
    audit.record("factor.added", user=alice, actor=alice, name="Phone")
    log.write(alice, "alice", OATH_INCORRECT, application="vpn-gw1", address="", now=timezone.now(), kind="totp")
    page = seen(client, alice)
    failed = page[page.index("What failed last") : page.index('id="account"')]
    assert "The code was wrong" in failed
    assert "Office VPN" in failed
    assert f"/admin/accounts/user/{alice.pk}/why/" in failed
    assert "Second factor added · Phone" in page
    assert page.count("Office VPN") >= 3, "the failure, the factor's last use, the list of sign-ins"
    for raw in ("vpn-gw1", "factor.added", "OATH"):
        assert raw not in page
