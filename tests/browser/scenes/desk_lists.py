"""Acts on whole lists of people."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa import approvals, temporary
from mfa.desk import acts, bulk, bulk_outlook
from mfa.desk.asked import Order
from mfa.models import Application, BulkAct, BulkPerson
from tests.browser.scenes.desk import as_admin, people
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage

QUERY = "?is_active__exact=1"


def ordered(actor: User, slug: str = "require", **columns: object) -> BulkAct:
    order = Order(actor=actor, reason="Everybody of the pilot", now=timezone.now(), ticket="INC-7", identity="manager")
    found, act = User.objects.all(), acts.BY_SLUG[slug]
    row = bulk.place(act, order, found, {"q": "pilot"}, seen=bulk_outlook.outlook(act, order, found).digest)
    BulkAct.objects.filter(pk=row.pk).update(**columns)
    return row


def open_one(stage: Stage, row: BulkAct) -> None:
    stage.open(reverse("admin:mfa_bulkact_change", args=[row.pk]))


@scene("admin:accounts_user_all", "which act")
def which(stage: Stage) -> None:
    as_admin(stage)
    people()
    stage.open(reverse("admin:accounts_user_changelist") + QUERY)
    stage.follow("Act on all")
    stage.reads("What is to be done to all")


@scene("admin:accounts_user_all_act", "preview")
def preview(stage: Stage) -> None:
    as_admin(stage)
    people()
    stage.open(reverse("admin:accounts_user_all_act", args=["require"]) + QUERY)
    stage.reads("Two-factor sign-in is required already.")


@scene("admin:accounts_user_all_act", "takes two")
def preview_of_two(stage: Stage) -> None:
    as_admin(stage)
    people()
    stage.open(reverse("admin:accounts_user_all_act", args=["reset"]) + QUERY)
    stage.reads("This takes a second person")


@scene("admin:mfa_bulkact_changelist", "two")
def acts_on_lists(stage: Stage) -> None:
    actor = as_admin(stage)
    people()
    ordered(actor, state="done", finished_at=timezone.now())
    ordered(actor, "reset")
    stage.open(reverse("admin:mfa_bulkact_changelist"))


@scene("admin:mfa_bulkact_change", "going on")
def going_on(stage: Stage) -> None:
    people()
    row = ordered(as_admin(stage), state="running", beat_at=timezone.now(), worker="1")
    BulkPerson.objects.filter(pk=row.people.filter(state="waiting").values("pk")[:1]).update(state="done")
    open_one(stage, row)
    stage.reads("going on")


@scene("admin:mfa_bulkact_change", "stopped with failures")
def stopped(stage: Stage) -> None:
    actor = as_admin(stage)
    people()
    words = "Too many resets in a short time. Wait ten minutes, or ask an admin."
    row = ordered(actor, state="stopped", message=words, finished_at=timezone.now())
    first = row.people.filter(state="waiting").values("pk")[:1]
    failed = "Something went wrong; the log of the server says what."
    BulkPerson.objects.filter(pk=first).update(state="failed", words=failed)
    open_one(stage, row)
    stage.reads("Go on")


@scene("admin:mfa_bulkact_change", "stopped, and too old to go on")
def too_old(stage: Stage) -> None:
    actor, earlier = as_admin(stage), timezone.now() - bulk.GOOD_FOR
    people()
    open_one(stage, ordered(actor, state="stopped", message=str(bulk.TOO_OLD), asked_at=earlier, finished_at=earlier))
    stage.reads("so it cannot be started any more")


@scene("admin:mfa_bulkact_change", "waits for a second person")
def waits(stage: Stage) -> None:
    people()
    row = ordered(as_admin(stage), "reset")
    assert approvals.find(bulk.matter(row), actor=row.actor, now=timezone.now())
    open_one(stage, row)
    stage.reads("A second person has to approve it first.")


@scene("admin:accounts_user_codes", "two lent")
def live_codes(stage: Stage) -> None:
    actor = as_admin(stage, "helpdesk")
    Application.objects.create(slug="vpn", name="Office VPN", kinds=["totp", "temporary"])
    terms = temporary.Terms(8, 5, ("vpn",))
    for one in people()[:2]:
        temporary.issue(one, terms, actor=actor, reason="Phone at home", now=timezone.now())
    stage.open(reverse("admin:accounts_user_codes"))
    stage.reads("Office VPN")


@scene("admin:accounts_user_codes", "nobody")
def no_live_codes(stage: Stage) -> None:
    as_admin(stage, "auditor")
    stage.open(reverse("admin:accounts_user_codes") + "?sort=activation&q=nobody")
    stage.reads("Nobody of this name has one.")
