"""Applications in the administration."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application, ApplicationKey
from mfa.outcomes import CODE_PENDING, OATH_INCORRECT, OATH_OUT_OF_DATE, OATH_VERIFIED
from mfa.verification import log
from tests.browser.scenes.desk import as_admin
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, person


def vpn(admin: User) -> Application:
    row = Application.objects.create(
        slug="vpn", name="Office VPN", kinds=["totp", "sms"], address_attribute="Calling-Station-Id",
        reply_attributes={"": {"Filter-Id": "staff"}, "engineers": {"Filter-Id": "engineering"}},
    )  # fmt: skip
    now = timezone.now()
    for days in (20, 200):
        clients.issue(
            row, verbs=[Verb.RADIUS], networks=["192.0.2.0/24"], expires_at=now + timedelta(days=days), actor=admin,
            now=now,
        )  # fmt: skip
    results = (OATH_VERIFIED, OATH_VERIFIED, CODE_PENDING, OATH_VERIFIED, OATH_INCORRECT, OATH_OUT_OF_DATE)
    alice = person("alice", name="Alice Sample")
    for number, result in enumerate(results * 4):
        log.write(
            alice, "alice", result, application="vpn", gateway=f"vpn-{number % 2 + 1}", address="198.51.100.7",
            kind="totp", now=now - timedelta(hours=11 * number),
        )  # fmt: skip
    return row


@scene("admin:mfa_application_changelist", "one")
def listed(stage: Stage) -> None:
    vpn(as_admin(stage))
    with contextlib.suppress(clients.NotAllowed):
        clients.authenticate("Bearer ab.cd", Verb.RADIUS, address="203.0.113.5", now=timezone.now())
    stage.open(reverse("admin:mfa_application_changelist"))


@scene("admin:mfa_application_change", "in use")
def page(stage: Stage) -> None:
    row = vpn(as_admin(stage))
    stage.open(reverse("admin:mfa_application_change", args=[row.pk]))


@scene("admin:mfa_application_change", "new")
def fresh(stage: Stage) -> None:
    as_admin(stage)
    row = Application.objects.create(slug="mail", name="Mail")
    stage.open(reverse("admin:mfa_application_change", args=[row.pk]))


@scene("admin:mfa_application_add", "empty")
def add(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_application_add"))


@scene("admin:mfa_application_edit", "filled")
def edit(stage: Stage) -> None:
    row = vpn(as_admin(stage))
    stage.open(reverse("admin:mfa_application_edit", args=[row.pk]))


@scene("admin:mfa_application_key", "made")
def key(stage: Stage) -> None:
    as_admin(stage)
    row = Application.objects.create(slug="mail", name="Mail")
    stage.open(reverse("admin:mfa_application_key", args=[row.pk]))
    stage.page.get_by_label("FreeRADIUS in front of a VPN gateway").check()
    stage.page.get_by_label("From where").fill("192.0.2.10")
    stage.page.get_by_role("button", name="Make the key").click()
    stage.page.get_by_text("Shown this once.").wait_for()


@scene("admin:mfa_application_key", "mistakes")
def key_mistakes(stage: Stage) -> None:
    as_admin(stage)
    row = Application.objects.create(slug="mail", name="Mail")
    stage.open(reverse("admin:mfa_application_key", args=[row.pk]))
    stage.page.get_by_label("From where").fill("anywhere")
    stage.page.get_by_role("button", name="Make the key").click()


@scene("admin:mfa_application_revoke", "asked")
def revoke(stage: Stage) -> None:
    row = vpn(as_admin(stage))
    first = ApplicationKey.objects.filter(application=row).earliest("pk")
    stage.open(reverse("admin:mfa_application_revoke", args=[row.pk, first.pk]))


@scene("admin:mfa_application_probe", "not set")
def probe(stage: Stage) -> None:
    row = vpn(as_admin(stage))
    stage.open(reverse("admin:mfa_application_probe", args=[row.pk]))
