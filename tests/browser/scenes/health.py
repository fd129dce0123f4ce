"""The health page of the administration, and that of the interface."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from mfa.models import Delivery, Finding
from tests.browser.scenes.desk import as_admin
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage


@scene("admin:mfa_finding_changelist", "in trouble")
def trouble(stage: Stage) -> None:
    as_admin(stage, "auditor")
    now = timezone.now()
    found = {
        "clock": ("bad", {"database": 17.2, "ntp": 17.1}),
        "certificate:ldap.a-rather-long-name.example.org:636": ("warn", {"days": 12}),
        "certificate:sms.example.org:443": ("bad", {"cause": "certificate has expired"}),
        "key:0123456789ab": ("warn", {"days": 5, "application": "VPN of the head office"}),
        "misplaced:0123456789ab": (
            "warn", {"application": "VPN of the head office", "pk": 1, "origin": "203.0.113.66", "verb": "radius"},
        ),
    }  # fmt: skip
    Finding.objects.bulk_create(
        Finding(part=part, state=state, figures=figures, at=now) for part, (state, figures) in found.items()
    )
    for state in ("queued", "failed"):
        Delivery.objects.create(
            channel="mail", template="code", recipient="x", state=state, created_at=now - timedelta(minutes=9)
        )
    stage.open(reverse("admin:mfa_finding_changelist"))


@scene("admin:mfa_application_interface", "every operation")
def interface(stage: Stage) -> None:
    as_admin(stage, "auditor")
    stage.open(reverse("admin:mfa_application_interface"))


@scene("admin:mfa_application_try", "refused key")
def tried(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_application_try"))
    stage.type("Key", "0123456789ab.of-no-application")
    stage.type("User name", "alice")
    stage.press("Ask")
    stage.reads("Answer: 401")
