"""The audit trail, the authentication log and the outbox: read by filter, exported safely, changed by nobody."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import spreadsheet
from accounts.models import SyncProblem, SyncRun, User, WriteBack
from mfa import audit
from mfa.desk import masks
from mfa.models import AuditEvent, AuthenticationRecord, Delivery

TRAIL = "/admin/mfa/auditevent/"
LOG = "/admin/mfa/authenticationrecord/"
OUTBOX = "/admin/mfa/delivery/"


def rows_of(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer).decode())))


def listed(client: Client, path: str) -> list[object]:
    answer = client.get(path, secure=True)
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


@pytest.fixture
def some(alice: User, make_user: Callable[..., User]) -> User:
    """Two changes by alice and one by the system, one of them long ago."""
    audit.record("factor.added", user=alice, actor=alice)
    audit.record("factor.removed", user=alice, actor=alice, reason="lost")
    audit.record("sync.done", user=None, actor=None)
    AuditEvent.objects.filter(action="factor.added").update(at=timezone.now() - timedelta(days=40))
    return alice


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("action_is=factor.added", {"factor.added"}),
        ("by=system", {"sync.done"}),
        ("q=alice", {"factor.added", "factor.removed"}),
        ("q=lost", {"factor.removed"}),
        ("by=nonsense", {"factor.added", "factor.removed", "sync.done"}),
        ("by=99999999999999999999999999", {"factor.added", "factor.removed", "sync.done"}),
    ],
)
def test_the_trail_is_filtered(staff: Callable[..., Client], some: User, query: str, expected: set[str]) -> None:
    assert {event.action for event in listed(staff("auditor"), f"{TRAIL}?{query}")} == expected  # type: ignore[attr-defined]


def test_the_trail_is_filtered_by_date_and_person(staff: Callable[..., Client], some: User) -> None:
    client = staff("auditor")
    since = quote(str(timezone.now() - timedelta(days=7)))
    assert len(listed(client, f"{TRAIL}?at__gte={since}")) == 2
    assert len(listed(client, f"{TRAIL}?user__id__exact={some.pk}")) == 2
    then = timezone.now() - timedelta(days=40)
    assert len(listed(client, f"{TRAIL}?at__year={then.year}&at__month={then.month}")) == 1


@pytest.mark.parametrize(
    "query",
    [
        "at__gte=never",
        "user__id__exact=x",
        "p=9999",
        "at__year=x",
        "o=99.-4",
        "q=%00",
        "action_is=%00x",
        "at__year=99999999999999999999",
        "at__year=2026&at__month=99",
        "user__id__exact=99999999999999999999",
        "p=99999999999999999999",
        "kind_is=x",
        "%00=x",
        "o=9999999999999999999",
    ],
)
def test_a_filter_that_makes_no_sense_is_no_error_page(staff: Callable[..., Client], some: User, query: str) -> None:
    client = staff("auditor")
    assert client.get(f"{TRAIL}?{query}", secure=True).status_code in (200, 302, 400, 404)
    assert client.post(f"{TRAIL}export/?{query}", secure=True).status_code in (200, 302, 400, 404)


def test_the_log_is_filtered_by_result_and_factor(staff: Callable[..., Client], alice: User) -> None:
    for code, kind, accepted in ((23, "totp", True), (138, "totp", False), (1010, "password", False)):
        AuthenticationRecord.objects.create(
            user=alice, username="alice", application="portal", code=code, kind=kind, accepted=accepted
        )
    client = staff("auditor")
    shown = client.get(LOG, secure=True).content.decode()
    assert all(f'class="field-shown_kind">{label}<' in shown for label in ("Authenticator app", "Password"))
    assert {row.code for row in listed(client, f"{LOG}?result=138")} == {138}  # type: ignore[attr-defined]
    assert {row.code for row in listed(client, f"{LOG}?kind_is=totp")} == {23, 138}  # type: ignore[attr-defined]
    assert {row.code for row in listed(client, f"{LOG}?accepted__exact=1")} == {23}  # type: ignore[attr-defined]
    assert len(listed(client, f"{LOG}?result=x")) == 3


@pytest.mark.parametrize("path", [TRAIL, LOG, OUTBOX])
def test_the_lists_cost_a_fixed_number_of_queries(staff: Callable[..., Client], alice: User, path: str) -> None:
    client = staff("admin")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(path, secure=True)
        return len(seen)

    _fill(alice, 2)
    few = queries()
    _fill(alice, 45)
    assert queries() == few


def _fill(user: User, count: int) -> None:
    for _ in range(count):
        audit.record("factor.added", user=user, actor=user)
        AuthenticationRecord.objects.create(user=user, application="portal", code=23, accepted=True)
        Delivery.objects.create(user=user, channel="sms", template="code", recipient="+4917012345678")


@pytest.mark.row("A-1.2.10")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"), ("+4917012345678", "'+4917012345678"), ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("  =1", "'  =1"), ("\n=1", "'\n=1"),
        ("\uff1d1+1", "'\uff1d1+1"), ("\u00a0=1", "'\u00a0=1"), ("\u200b\uff0b1", "'\u200b\uff0b1"),
        ("x;=1+1", "x;'=1+1"), ("x\t @A1", "x\t '@A1"), ("a-b; c=d", "a-b; c=d"),
        ("alice", "alice"), (None, ""), (-5, "-5"), (True, "True"), ({}, "{}"),
    ],
)  # fmt: skip
def test_no_cell_is_taken_for_a_formula(value: object, text: str) -> None:
    assert spreadsheet.cell(value) == text


@pytest.mark.row("A-1.2.10")
@pytest.mark.row("A-3.2.1")
def test_the_export_holds_the_filtered_rows_as_text(staff: Callable[..., Client], some: User) -> None:
    audit.record("factor.renamed", user=some, actor=some, reason='=HYPERLINK("http://evil.test","x")', old='a,b\n"c"')
    client = staff("auditor")
    head, *rows = rows_of(client.post(f"{TRAIL}export/?action_is=factor.renamed", secure=True))
    assert head == ["at", "action", "username", "actor_name", "reason", "details", "address", "request_id"]
    assert [row[1:5] for row in rows] == [["factor.renamed", "alice", "alice", '\'=HYPERLINK("http://evil.test","x")']]


def test_an_export_is_audited_with_its_filter(staff: Callable[..., Client], some: User) -> None:
    rows_of(staff("auditor").post(f"{LOG}export/?result=138", secure=True))
    event = AuditEvent.objects.get(action="list.exported")
    assert (event.actor_name, event.details) == (
        "auditor-person",
        {"list": "authenticationrecord", "chosen": {"result": "138"}},
    )


def test_an_export_streams_all_rows_and_not_the_page_alone(staff: Callable[..., Client], alice: User) -> None:
    AuditEvent.objects.bulk_create([AuditEvent(action="x.y", user=alice, username="alice") for _ in range(1500)])
    answer = staff("auditor").post(f"{TRAIL}export/", secure=True)
    assert answer.streaming
    assert answer.headers["content-disposition"].startswith('attachment; filename="auditevent-')
    assert len(rows_of(answer)) >= 1501


@pytest.mark.row("A-8.2.3")
def test_the_outbox_shows_state_but_never_what_was_written(staff: Callable[..., Client], alice: User) -> None:
    from mfa.delivery import outbox

    outbox.queue_mail(
        alice,
        alice.email,
        "factor-added",
        {"label": "App", "name": "SECRET-NAME", "at": timezone.now()},
        now=timezone.now(),
    )
    delivery = Delivery.objects.get()
    for role in ("auditor", "admin"):
        client = staff(role)
        for path in (OUTBOX, f"{OUTBOX}{delivery.pk}/change/"):
            seen = client.get(path, secure=True).content.decode()
            assert "SECRET-NAME" not in seen
            assert delivery.body not in seen
            assert ("alice@example.test" in seen) is (role == "admin")
            assert ("a***@example.test" in seen) is (role == "auditor")


def test_looking_at_a_delivery_does_not_change_it(staff: Callable[..., Client], alice: User) -> None:
    delivery = Delivery.objects.create(
        user=alice, channel="sms", template="code", recipient="+4917012345678", error="to +4917012345678"
    )
    client = staff("auditor")
    assert "12345678" not in client.get(f"{OUTBOX}{delivery.pk}/change/", secure=True).content.decode()
    client.post(f"{OUTBOX}{delivery.pk}/change/", {"recipient": "+491700000000"}, secure=True)
    delivery.refresh_from_db()
    assert (delivery.recipient, delivery.error) == ("+4917012345678", "to +4917012345678")


@pytest.mark.row("A-8.2.3")
@pytest.mark.parametrize(
    ("text", "masked"),
    [("+4917012345678", "+49 *** **78"), ("alice@example.test", "a***@example.test"), ("", ""), ("nonsense", "***")],
)
def test_masks_of_recipients(text: str, masked: str) -> None:
    assert masks.recipient(text, whole=False) == masked
    assert masks.recipient(text, whole=True) == text


def test_masks_of_values_that_were_not_understood() -> None:
    assert masks.raw("0049 (170) 123-45 x", whole=False) == "**** (***) ***-45 x"
    assert masks.columns({"phone": "+4917012345678", "name": "Al"}, whole=False) == {
        "phone": "+49 *** **78",
        "name": "Al",
    }


@pytest.mark.row("A-8.2.3")
@pytest.mark.parametrize(
    ("path", "columns"),
    [
        (OUTBOX, {"recipient", "error"}),
        ("/admin/accounts/syncproblem/", {"suggestion"}),
        ("/admin/accounts/writeback/", {"e164", "answer"}),
    ],
)
def test_no_order_of_rows_tells_what_a_mask_hides(
    staff: Callable[..., Client], alice: User, make_user: Callable[..., User], path: str, columns: set[str]
) -> None:
    run = SyncRun.objects.create(trigger="admin", state="done")
    for number in ("+4917099999978", "+4917011111178", "+4917055555578"):
        owner = make_user(f"u{number[-5:]}{number[4:8]}")
        Delivery.objects.create(user=alice, channel="sms", template="code", recipient=number, error=number)
        SyncProblem.objects.create(run=run, username="alice", reason="landline", value=number, suggestion=number)
        WriteBack.objects.create(user=owner, e164=number, answer=number)

    def order(client: Client, column: str, direction: str) -> list[int]:
        changelist = client.get(f"{path}?o={direction}{at(client, column)}", secure=True).context["cl"]
        return [row.pk for row in changelist.result_list]

    def at(client: Client, column: str) -> int:
        return list(client.get(path, secure=True).context["cl"].list_display).index(column)

    admin = staff("admin")
    assert all(order(admin, column, "") == order(admin, column, "-")[::-1] for column in columns)
    auditor = staff("auditor")
    assert all(order(auditor, column, "") == order(auditor, column, "-") for column in columns)
    seen = auditor.get(path, secure=True).content.decode()
    assert "sortable column-" in seen
    assert not any(f"sortable column-{column}" in seen for column in columns)


def test_a_change_is_read_in_words_beside_its_name_in_the_trail(staff: Callable[..., Client], some: User) -> None:
    admin = staff("admin")
    shown = admin.get(TRAIL, secure=True).content.decode()
    assert 'Second factor removed<br><span class="small muted">factor.removed</span>' in shown
    assert "sync.done" in shown
    assert " entries\n" in shown
    removed = AuditEvent.objects.get(action="factor.removed")
    assert "<h1>Second factor removed</h1>" in admin.get(f"{TRAIL}{removed.pk}/change/", secure=True).content.decode()
