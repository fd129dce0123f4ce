"""The authentication log's pages, and remember rules."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa.models import Application, AuthenticationRecord, Delivery, Remembered, RememberRule
from mfa.outcomes import ACCOUNT_LOCKED, OATH_INCORRECT, OATH_VERIFIED, REMEMBERED_AT_ADDRESS
from mfa.verification import log
from tests.browser.scenes.applications import vpn
from tests.browser.scenes.desk import as_admin
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, give_app, person
from tests.mfa.test_foreign_log import LOG


def asked_twice(stage: Stage) -> Application:
    row = vpn(as_admin(stage))
    alice = User.objects.get(username="alice")
    for seconds in (0, 12, 3600, 3620):
        log.write(
            alice, "alice", OATH_VERIFIED, application="vpn", gateway="vpn-1", address="198.51.100.7", kind="totp",
            now=timezone.now() - timedelta(hours=5) + timedelta(seconds=seconds),
        )  # fmt: skip
    return row


def rule(application: Application) -> RememberRule:
    return RememberRule.objects.create(name="VPN: 1 minute", scope="address", application=application, seconds=60)


@scene("admin:mfa_authenticationrecord_changelist", "attempts")
def attempts(stage: Stage) -> None:
    asked_twice(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_changelist"))


@scene("admin:mfa_authenticationrecord_changelist", "of one person, one result chosen")
def of_person(stage: Stage) -> None:
    asked_twice(stage)
    alice = User.objects.get(username="alice")
    query = f"?user__id__exact={alice.pk}&result=138"
    stage.open(reverse("admin:mfa_authenticationrecord_changelist") + query)
    stage.reads("Attempts of Alice Sample")


@scene("admin:mfa_authenticationrecord_changelist", "of one application")
def of_application(stage: Stage) -> None:
    asked_twice(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_changelist") + "?where=vpn")
    stage.reads("Attempts at Office VPN")


@scene("admin:mfa_authenticationrecord_change", "locked, and what ends it")
def locked_attempt(stage: Stage) -> None:
    asked_twice(stage)
    alice, now = User.objects.get(username="alice"), timezone.now()
    for seconds, result in ((90, OATH_INCORRECT), (0, ACCOUNT_LOCKED)):
        log.write(
            alice, "alice", result, application="vpn", gateway="vpn-1", address="198.51.100.7", kind="totp",
            now=now - timedelta(seconds=seconds),
        )  # fmt: skip
    record = AuthenticationRecord.objects.latest("pk")
    stage.open(reverse("admin:mfa_authenticationrecord_change", args=[record.pk]))
    stage.reads("Ten minutes before and after")


@scene("admin:mfa_authenticationrecord_change", "one attempt")
def attempt(stage: Stage) -> None:
    asked_twice(stage)
    record = AuthenticationRecord.objects.latest("pk")
    AuthenticationRecord.objects.filter(pk=record.pk).update(request_id="radius-0123456789abcdef")
    Delivery.objects.create(
        user=record.user, channel="sms", template="code", recipient="+4917012345678", state="sent",
        created_at=record.at, request_id="radius-0123456789abcdef",
    )  # fmt: skip
    stage.open(reverse("admin:mfa_authenticationrecord_change", args=[record.pk]))
    stage.reads("Of the same request")


@scene("admin:mfa_authenticationrecord_doubles", "two pairs")
def doubles(stage: Stage) -> None:
    asked_twice(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_doubles"))
    stage.reads("Make this rule")


@scene("admin:mfa_rememberrule_change", "made with one press")
def made_at_once(stage: Stage) -> None:
    asked_twice(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_doubles"))
    stage.press("Make this rule 1")
    stage.reads("The rule is saved. It holds from now on.")


@scene("admin:mfa_authenticationrecord_doubles", "nobody")
def no_doubles(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_doubles"))


@scene("admin:mfa_authenticationrecord_explain", "explained")
def explained(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_explain"))
    stage.type("Or its lines", LOG)
    stage.press("Explain")
    stage.reads("Request by request")


@scene("admin:mfa_authenticationrecord_explain", "too much at once")
def too_much(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_explain"))
    # Put in at once: to type so much takes a browser longer than a test waits.
    stage.page.get_by_label("Or its lines").evaluate("(area, text) => { area.value = text }", "x" * 100_001)
    stage.press("Explain")
    stage.reads("That was too much at once")


@scene("admin:mfa_authenticationrecord_explain", "another form")
def another_form(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_authenticationrecord_explain"))
    stage.type("Or its lines", "2024-05-06 07:08:09 accepted alice")
    stage.press("Explain")
    stage.reads("No line has the form")


@scene("admin:mfa_authenticationrecord_simulate", "asked")
def simulated(stage: Stage) -> None:
    row = asked_twice(stage)
    give_app(person("bob", name="Bob Sample"))
    query = f"?person=bob&application={row.pk}&address=198.51.100.7"
    stage.open(reverse("admin:mfa_authenticationrecord_simulate") + query)
    stage.reads("Asked for a code")


@scene("admin:mfa_rememberrule_changelist", "one")
def rules(stage: Stage) -> None:
    rule(vpn(as_admin(stage)))
    stage.open(reverse("admin:mfa_rememberrule_changelist"))


@scene("admin:mfa_rememberrule_change", "in use")
def one_rule(stage: Stage) -> None:
    row = rule(vpn(as_admin(stage)))
    alice, now = User.objects.get(username="alice"), timezone.now()
    Remembered.objects.create(rule=row, user=alice, kind="totp", epoch=0, until=now + timedelta(minutes=9))
    log.write(alice, "alice", REMEMBERED_AT_ADDRESS, application="vpn", address="198.51.100.7", rule=row.name, now=now)
    stage.open(reverse("admin:mfa_rememberrule_change", args=[row.pk]))


@scene("admin:mfa_rememberrule_add", "proposed")
def proposed(stage: Stage) -> None:
    row = vpn(as_admin(stage))
    query = f"?name=VPN&scope=address&application={row.pk}&kind=totp&seconds=60"
    stage.open(reverse("admin:mfa_rememberrule_add") + query)


@scene("admin:mfa_rememberrule_edit", "filled")
def edited(stage: Stage) -> None:
    stage.open(reverse("admin:mfa_rememberrule_edit", args=[rule(vpn(as_admin(stage))).pk]))


@scene("admin:mfa_rememberrule_end", "asks for the reason")
def ended(stage: Stage) -> None:
    stage.open(reverse("admin:mfa_rememberrule_end", args=[rule(vpn(as_admin(stage))).pk]))


@scene("admin:mfa_rememberrule_forget", "asks for the reason")
def forgotten(stage: Stage) -> None:
    stage.open(reverse("admin:mfa_rememberrule_forget", args=[rule(vpn(as_admin(stage))).pk]))
