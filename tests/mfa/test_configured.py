from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mfa import configured
from mfa.models import Application, ApplicationKey, RememberRule, Rule

pytestmark = pytest.mark.django_db


def test_every_way_of_writing_is_seen_at_the_next_question() -> None:
    assert configured.current().applications == {}
    row = Application.objects.create(slug="vpn", name="VPN")
    assert configured.current().applications["vpn"].mode == Application.Mode.PASSWORD_THEN_CODE
    Application.objects.filter(pk=row.pk).update(mode=Application.Mode.CODE_ONLY)
    assert configured.current().applications["vpn"].mode == Application.Mode.CODE_ONLY
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mfa_application SET active = false")
    assert configured.current().applications == {}
    RememberRule.objects.bulk_create([RememberRule(name="Ten minutes", scope="user", seconds=600)])
    Rule.objects.create(name="Everybody", starts_on=timezone.now().date())
    assert [len(configured.current().remember), len(configured.current().rules)] == [1, 1]
    RememberRule.objects.all().delete()
    assert configured.current().remember == ()


@pytest.mark.row("A-8.3.2")
def test_a_key_that_is_revoked_is_gone_and_one_that_is_used_costs_no_reading(now: object) -> None:
    application = Application.objects.create(slug="vpn", name="VPN")
    until = timezone.now() + timedelta(days=1)
    key = ApplicationKey.objects.create(application=application, prefix="0", secret_hash="0", expires_at=until)
    assert set(configured.current().keys) == {"0"}
    ApplicationKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        configured.current()
    assert len(asked) == 1
    ApplicationKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    assert configured.current().keys == {}


def test_within_one_request_it_is_looked_at_once() -> None:
    with configured.held():
        Application.objects.create(slug="vpn", name="VPN")
        assert configured.current().applications == {}
    assert set(configured.current().applications) == {"vpn"}
