"""Makes docs/screenshot.png: `python -m pytest tests/browser/make_screenshot.py`; no run of the suite collects it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource
from mfa.applications import PORTAL
from mfa.models import AuditEvent, AuthenticationRecord, Factor
from mfa.outcomes import OATH_VERIFIED
from tests.browser.stage import Stage, give_app, give_recovery_codes, person

TARGET = Path(__file__).parents[2] / "docs" / "screenshot.png"


def test_dashboard_is_photographed(open_stage: Callable[..., Stage]) -> None:
    stage = open_stage(viewport={"width": 1120, "height": 1056}, device_scale_factor=2)
    user = person("alice", name="Alice Sample")
    users.set_phone(user, "+4915123456789", source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=user)
    give_app(user, name="My phone")
    give_recovery_codes(user)
    stage.let_in(user)
    live_with_it(user.pk)
    stage.open("/")
    stage.heading_is("Your second factors")
    stage.page.screenshot(path=TARGET)


def live_with_it(user_pk: int) -> None:
    """Some weeks go by."""
    now = timezone.now().replace(hour=9, minute=31)
    Factor.objects.filter(user=user_pk).update(created_at=now - timedelta(days=37))
    Factor.objects.filter(user=user_pk, kind="totp").update(
        last_used_at=now - timedelta(hours=22), last_used_for=PORTAL
    )
    for number, event in enumerate(AuditEvent.objects.filter(user=user_pk).order_by("pk")):
        AuditEvent.objects.filter(pk=event.pk).update(at=now - timedelta(days=37, minutes=-number))
    AuthenticationRecord.objects.create(
        user_id=user_pk, username="alice", application=PORTAL, kind="totp", accepted=True, code=OATH_VERIFIED.code,
        address="198.51.100.7", at=now - timedelta(hours=1),
    )  # fmt: skip
