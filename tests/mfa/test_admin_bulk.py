"""Acts on whole lists: previewed, fixed, done in portions by workers, resumed, cancelled, told person by person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa import approvals, policy
from mfa.desk import acts, bulk, bulk_work, pace, perform, vouching
from mfa.models import Approval, AuditEvent, BulkAct, BulkPerson
from tests.mfa.doors import add_factor, give_role, sign_in

LIST = "/admin/accounts/user/"
Waiting = BulkPerson.State.WAITING


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which acts the workers were told of; a test does their turns itself."""
    woken: list[int] = []
    monkeypatch.setattr(bulk_work, "wake", woken.append)
    return woken


def everybody(make_user: Callable[..., User], count: int = 5) -> list[User]:
    return [make_user(f"p{number}", name=f"Person {number}") for number in range(count)]


def order(client: Client, slug: str, query: str = "q=p", **fields: str) -> Any:
    """Look at the preview, and order exactly that."""
    address = f"{LIST}all/{slug}/?{query}"
    seen = client.get(address, secure=True).context["outlook"].digest
    form = {"reason": "Rollout", "ticket": "INC-7", "identity": "manager", "seen": seen} | fields
    return client.post(address, form, secure=True)


def states(row: BulkAct) -> dict[str, int]:
    found = list(row.people.values_list("state", flat=True))
    return {name: found.count(name) for name in BulkPerson.State.values if name in found}


def read(client: Client, row: BulkAct, query: str = "") -> str:
    return client.get(f"/admin/mfa/bulkact/{row.pk}/change/{query}", secure=True).content.decode()


@pytest.mark.row("A-8.2.1")
def test_the_preview_counts_whom_it_leaves_out_and_why_and_everybody_else_is_done_once(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int]
) -> None:
    client = staff("admin")
    people = everybody(make_user)
    policy.require(people[0], True, actor=None, reason="before")
    User.objects.filter(pk=people[1].pk).update(is_superuser=True)
    AuditEvent.objects.all().delete()
    outlook = client.get(f"{LIST}all/require/?q=p", secure=True).context["outlook"]
    assert (outlook.total, outlook.affected) == (6, 3)
    assert {reason.words: reason.names for reason in outlook.reasons} == {
        "Two-factor sign-in is required already.": ["p0"],
        "Only another superuser, or the break-glass command, may act on a superuser.": ["p1"],
        "You cannot do this to your own account; ask a colleague.": ["admin-person"],
    }
    assert not BulkAct.objects.exists()
    order(client, "require")
    row = BulkAct.objects.get()
    assert (row.state, no_workers) == ("queued", [row.pk])
    assert not policy.of(people[2], now=timezone.now()).required, "nothing happens in the request"
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("done", {"done": 3, "skipped": 3})
    events = AuditEvent.objects.order_by("pk").values_list("action", "username", "actor_name", "reason")
    assert list(events) == [
        ("bulk.ordered", "", "admin-person", "Rollout"),
        *(("policy.required", f"p{number}", "admin-person", "Rollout") for number in (2, 3, 4)),
        ("bulk.done", "", "admin-person", ""),
    ]
    assert "Two-factor sign-in is required already." in read(client, row)
    csv = client.post(f"/admin/mfa/bulkact/{row.pk}/people.csv?view=skipped", secure=True)
    assert b"p0,Person 0,left out,Two-factor sign-in is required already." in b"".join(csv)


def interrupted(monkeypatch: pytest.MonkeyPatch, at: str, then: Callable[[], object]) -> None:
    """As soon as the act was done to the person called `at`, but before that is stored, `then` happens."""

    def act_on(act: Any, order: Any, person: User, *, vouched: bool) -> perform.Outcome:
        outcome = perform.act_on(act, order, person, vouched=vouched)
        if person.username == at:
            then()
        return outcome

    monkeypatch.setattr(bulk_work, "act_on", act_on)


def kill() -> None:
    raise SystemExit("killed")


def fail() -> None:
    raise RuntimeError("a fault")


def placed(client: Client, make_user: Callable[..., User], count: int = 5) -> BulkAct:
    everybody(make_user, count)
    order(client, "require")
    return BulkAct.objects.get()


def required() -> list[str]:
    rows = AuditEvent.objects.filter(action="policy.required").order_by("pk")
    return [row.username for row in rows]


def test_a_worker_that_is_killed_has_done_everybody_once_or_not_at_all_and_another_goes_on(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch, no_workers: list[int]
) -> None:
    row = placed(staff("admin"), make_user)
    interrupted(monkeypatch, "p2", kill)
    with pytest.raises(SystemExit):
        bulk_work.work(row.pk)
    assert required() == ["p0", "p1"]
    assert states(row) == {"waiting": 3, "done": 2, "skipped": 1}
    monkeypatch.undo()
    monkeypatch.setattr(bulk_work, "wake", no_workers.append)
    bulk_work.work(row.pk)
    assert len(required()) == 2, "the other may still be alive"
    later = timezone.now() + bulk_work.SILENT_TOO_LONG
    bulk_work.sweep(now=later + timedelta(seconds=1))
    assert no_workers[-1] == row.pk
    BulkAct.objects.update(beat_at=timezone.now() - bulk_work.SILENT_TOO_LONG - timedelta(seconds=1))
    bulk_work.work(row.pk)
    bulk_work.work(row.pk)
    assert required() == [f"p{number}" for number in range(5)]
    assert AuditEvent.objects.filter(action="bulk.done").count() == 1


def test_what_fails_for_one_holds_nobody_up_and_is_tried_again_by_whoever_ordered_it(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    interrupted(monkeypatch, "p1", fail)
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("done", {"done": 4, "skipped": 1, "failed": 1})
    assert required() == ["p0", "p2", "p3", "p4"]
    seen = read(client, row)
    assert "Something went wrong; the log of the server says what." in seen
    assert "Try those again" in seen
    monkeypatch.setattr(bulk_work, "act_on", perform.act_on)
    client.post(f"/admin/mfa/bulkact/{row.pk}/start/", secure=True)
    bulk_work.work(row.pk)
    assert states(row) == {"done": 5, "skipped": 1}


def test_it_can_be_cancelled_and_what_is_done_stays_done(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    monkeypatch.setattr(bulk_work, "PORTION", 2)
    cancel = f"/admin/mfa/bulkact/{row.pk}/cancel/"
    interrupted(monkeypatch, "p1", lambda: client.post(cancel, secure=True))
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("cancelled", {"waiting": 3, "done": 2, "skipped": 1})
    assert "Not reached yet (3)" in read(client, row)
    bulk_work.work(row.pk)
    client.post(f"/admin/mfa/bulkact/{row.pk}/start/", secure=True)
    bulk_work.work(row.pk)
    assert required() == ["p0", "p1"]


@pytest.mark.row("A-8.3.2")
def test_whoever_loses_the_right_meanwhile_does_nothing_more(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = placed(staff("admin"), make_user)
    interrupted(monkeypatch, "p1", lambda: User.objects.get(username="admin-person").groups.clear())
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.message) == ("stopped", "You may not do this any more.")
    assert required() == ["p0", "p1"]
    BulkAct.objects.update(state="queued")
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.message) == ("stopped", "Whoever ordered it may not do this any more.")


@pytest.mark.row("T-60")
@pytest.mark.row("A-2.3.5")
def test_what_takes_a_second_person_starts_when_that_person_has_approved_exactly_this_list(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int]
) -> None:
    client = staff("helpdesk")
    people = everybody(make_user, 3)
    for one in people:
        add_factor(one)
    answer = order(client, "reset", "q=p")
    row, asked = BulkAct.objects.get(), Approval.objects.get()
    assert answer.headers["location"] == f"/admin/mfa/bulkact/{row.pk}/change/"
    assert (asked.words, asked.right) == ("Reset all factors: 3 people of a list", "mfa.reset_factors")
    assert asked.reason == "Rollout · INC-7 · The manager or a known colleague vouched"
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    assert "A second person has to approve it first." in client.post(start, secure=True, follow=True).content.decode()
    other = Client(headers={"host": "portal.test"}, SERVER_NAME="portal.test")
    colleague = give_role(make_user("colleague"), "helpdesk")
    sign_in(other, colleague, add_factor(colleague))
    other.post(f"/admin/mfa/approval/{asked.pk}/approve/", secure=True)
    assert other.post(start, secure=True).status_code == 403, "whoever approved does not start it"
    assert other.post(start.replace("start", "cancel"), secure=True).status_code == 403
    bulk_work.work(row.pk)
    assert (no_workers, states(row)) == ([], {"waiting": 3, "skipped": 1})
    client.post(start, secure=True)
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    assert states(row) == {"done": 3, "skipped": 1}
    asked.refresh_from_db()
    assert asked.state == "used"
    assert AuditEvent.objects.filter(action="factors.reset").count() == 3


@pytest.mark.row("T-59")
def test_the_pace_of_helpdesk_stops_it_and_it_goes_on_later(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ALARM_MAIL = ["team@example.test"]
    monkeypatch.setattr(pace, "IN_A_ROW", 2)
    client = staff("helpdesk")
    for one in everybody(make_user, 3):
        add_factor(one)
    order(client, "reset")
    row = BulkAct.objects.get()
    Approval.objects.update(state="approved", decided_by=give_role(make_user("colleague"), "helpdesk"))
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("stopped", {"waiting": 1, "done": 2, "skipped": 1})
    assert "Too many resets in a short time" in read(client, row)
    assert AuditEvent.objects.filter(action=pace.STOPPED).count() == 1
    AuditEvent.objects.update(at=timezone.now() - pace.IN_A_ROW_WITHIN)
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    assert states(row) == {"done": 3, "skipped": 1}


def test_a_list_that_changed_since_the_preview_is_shown_again(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    everybody(make_user, 2)
    answer = order(client, "require", seen="another list")
    assert answer.status_code == 409
    assert "the list has changed" in answer.content.decode()
    answer = order(client, "reset-one", kind="totp")
    assert "nobody in the list to do exactly this to" in answer.content.decode()
    assert not BulkAct.objects.exists()


def test_all_of_the_list_is_offered_with_a_link_and_by_the_box_over_the_pages(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("admin")
    people = everybody(make_user, 3)
    assert "Act on all 4 people of this list" in client.get(f"{LIST}?q=p", secure=True).content.decode()
    assert f"{LIST}all/require/?q=p" in client.get(f"{LIST}all/?q=p", secure=True).content.decode()
    form = {"action": "require", "select_across": "1", "index": "0", "_selected_action": str(people[0].pk)}
    assert client.post(f"{LIST}?q=p", form, secure=True).headers["location"] == f"{LIST}all/require/?q=p"
    monkeypatch.setattr(bulk, "MOST", 3)
    assert "At most 3 people at a time" in client.get(f"{LIST}all/?q=p", secure=True).content.decode()
    assert client.get(f"{LIST}all/require/?q=p", secure=True).headers["location"] == f"{LIST}?q=p"
    for slug in ("phone", "activate", "temporary", "assign-token", "nothing"):
        assert client.get(f"{LIST}all/{slug}/", secure=True).status_code == 404


@pytest.mark.row("T-60")
def test_an_admin_is_enough_to_unlock_a_list_of_ordinary_people_and_not_where_staff_is_among_them(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    people = everybody(make_user, 2)
    order(client, "unlock", "q=Person")
    assert BulkAct.objects.latest("pk").state == "queued"
    order(client, "reset", "q=Person")
    assert BulkAct.objects.latest("pk").state == "asked"
    give_role(people[0], "auditor")
    order(client, "unlock", "q=Person")
    assert BulkAct.objects.latest("pk").state == "asked"
    assert Approval.objects.latest("pk").right == "accounts.touch_staff"


@pytest.mark.row("T-60")
@pytest.mark.row("A-8.3.2")
def test_who_got_a_role_since_the_start_is_left_out_where_the_second_person_may_not_decide_about_staff(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    people = everybody(make_user, 2)
    order(client, "reset", "q=Person")
    row = BulkAct.objects.get()
    colleague = give_role(make_user("colleague"), "helpdesk")
    approvals.decide(Approval.objects.get().pk, True, actor=colleague, now=timezone.now())
    client.post(f"/admin/mfa/bulkact/{row.pk}/start/", secure=True)
    give_role(people[0], "admin")
    bulk_work.work(row.pk)
    left_out = row.people.get(state=BulkPerson.State.SKIPPED, user__in=people)
    assert (left_out.user, left_out.words) == (people[0], vouching.wanted(acts.BY_SLUG["reset"]))
    assert list(AuditEvent.objects.filter(action="factors.reset").values_list("username", flat=True)) == ["p1"]


@pytest.mark.row("T-60")
def test_an_admin_of_the_list_does_not_approve_it(staff: Callable[..., Client], make_user: Callable[..., User]) -> None:
    client = staff("admin")
    people = everybody(make_user, 2)
    give_role(people[0], "admin")
    order(client, "reset", "q=Person")
    row = Approval.objects.get()
    assert approvals.why_not(row, people[0], now=timezone.now()).startswith("This is about your own account")


@pytest.mark.row("A-2.3.5")
@pytest.mark.parametrize("slug", ["exempt", "release"])
def test_one_admin_does_not_switch_it_off_for_everybody_by_a_list(
    staff: Callable[..., Client], make_user: Callable[..., User], slug: str
) -> None:
    client = staff("admin")
    everybody(make_user, 2)
    day = timezone.localdate() + timedelta(days=30)
    order(client, slug, "q=Person", until=day.isoformat())
    row = BulkAct.objects.get()
    bulk_work.work(row.pk)
    assert (row.state, states(row)) == ("asked", {"waiting": 2, "skipped": 1})
    words = Approval.objects.get().words
    assert words.endswith(f"({day.isoformat()}): 2 people of a list" if slug == "exempt" else ": 2 people of a list")


def grow_old(row: BulkAct, by: timedelta = bulk.GOOD_FOR) -> None:
    BulkAct.objects.filter(pk=row.pk).update(asked_at=timezone.now() - by)
    row.refresh_from_db()


@pytest.mark.row("A-2.3.5")
@pytest.mark.parametrize("state", ["stopped", "done", "asked"])
def test_a_list_is_good_for_a_day_and_then_the_rest_is_ordered_anew_after_a_fresh_preview(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int], state: str
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    row.people.filter(user__username="p0").update(state="failed")
    BulkAct.objects.update(state=state)
    if state == "asked":
        asked = approvals.ask(bulk.matter(row), actor=row.actor, reason="r", now=timezone.now())
        approvals.decide(asked.pk, True, actor=give_role(make_user("second"), "admin"), now=timezone.now())
    assert "It can be started until" in read(client, row)
    no_workers.clear()
    grow_old(row)
    seen = read(client, row)
    assert "It was ordered more than 24 hours ago, so it cannot be started any more" in seen
    assert f'href="{LIST}all/require/?q=p"' in seen
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    assert start not in seen
    assert "Look at the list anew" in client.post(start, secure=True, follow=True).content.decode()
    row.refresh_from_db()
    assert (row.state, no_workers, required()) == (state, [], [])
    grow_old(row, bulk.GOOD_FOR - timedelta(minutes=1))
    assert start in read(client, row)
    client.post(start, secure=True)
    assert no_workers == [row.pk]


def test_workers_that_come_back_after_a_day_do_nothing_more(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    grow_old(row)
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.message, required()) == ("stopped", str(bulk.TOO_OLD), [])


@pytest.mark.row("A-8.3.2")
def test_going_on_takes_a_fresh_proof_and_the_right_that_ordering_took(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int]
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    BulkAct.objects.update(state="stopped")
    no_workers.clear()
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    session = client.session
    fresh = session["proved_at"]
    session["proved_at"] = fresh - 86400
    session.save()
    assert client.post(start, secure=True).headers["location"].startswith("/prove/")
    session["proved_at"] = fresh
    session.save()
    actor = give_role(row.actor, "helpdesk")
    actor.groups.set(actor.groups.filter(name="helpdesk"))
    assert "You may not do this any more." in client.post(start, secure=True, follow=True).content.decode()
    row.refresh_from_db()
    assert (row.state, no_workers) == ("stopped", [])
