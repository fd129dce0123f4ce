"""The door of the admin, the list of people and the page of one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import SyncProblem, SyncRun, User
from mfa import audit, holdings, policy
from mfa.models import AuditEvent, AuthenticationRecord, Factor
from tests.mfa.doors import SECRET, add_factor, give_role, sign_in

LIST = "/admin/accounts/user/"


def page_of(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


@pytest.mark.row("A-8.4.2")
@pytest.mark.parametrize("path", ["/admin/", LIST, "/admin/mfa/auditevent/", "/admin/jsi18n/"])
def test_a_stranger_is_sent_to_the_portals_own_sign_in(client: Client, db: None, path: str) -> None:
    assert client.get(path, secure=True).headers["location"].startswith("/sign-in/")


@pytest.mark.parametrize("path", ["login/", "logout/", "password_change/"])
def test_the_admin_has_no_sign_in_of_its_own(staff: Callable[..., Client], path: str) -> None:
    assert staff("admin").get(f"/admin/{path}", secure=True).status_code == 404


@pytest.mark.row("A-8.4.2")
def test_staff_without_a_second_factor_in_the_session_are_kept_out(
    signed_in: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    user = give_role(make_user("boss"), "admin")
    assert signed_in(user).get(LIST, secure=True).headers["location"] == "/enrol/"
    add_factor(user)
    assert signed_in(user).get(LIST, secure=True).headers["location"].startswith("/sign-in/")


def test_an_ordinary_person_is_refused_and_not_led_in_circles(alice: User, signed_in: Callable[..., Client]) -> None:
    assert signed_in(alice, add_factor(alice)).get("/admin/", secure=True).status_code == 403


@pytest.mark.row("A-8.3.2")
def test_a_role_that_was_taken_is_gone_at_the_next_request(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    assert client.get(LIST, secure=True).status_code == 200
    User.objects.get(username="admin-person").groups.clear()
    assert client.get(LIST, secure=True).status_code == 403


CHANGING = [
    f"{LIST}add/",
    f"{LIST}act/reset/",
    f"{LIST}act/activate/",
    "/admin/accounts/syncrun/start/",
    "/admin/mfa/rule/preview/?name=All&starts_on=2026-01-01&grace_days=0&factors=1",
    "/admin/mfa/auditevent/export/",
    "/admin/django_celery_beat/intervalschedule/add/",
]


@pytest.mark.row("A-8.4.2")
@pytest.mark.parametrize("path", CHANGING)
def test_nothing_changes_without_a_fresh_proof(staff: Callable[..., Client], alice: User, path: str) -> None:
    client = staff("admin", proved_at=timezone.now() - timedelta(minutes=6))
    form = {
        "people": str(alice.pk),
        "reason": "r",
        "identity": "in-person",
        "username": "new",
        "every": "5",
        "period": "days",
    }
    answer = client.post(path, form, secure=True)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/prove/alone/?next=%2Fadmin")
    assert not AuditEvent.objects.exists()
    assert not User.objects.filter(username="new").exists()


@pytest.mark.parametrize("path", CHANGING)
def test_nothing_changes_without_the_csrf_token(staff: Callable[..., Client], alice: User, path: str) -> None:
    client = staff("admin")
    client.handler.enforce_csrf_checks = True
    form = {
        "people": str(alice.pk),
        "reason": "r",
        "identity": "in-person",
        "username": "new",
        "every": "5",
        "period": "days",
    }
    assert client.post(path, form, secure=True).status_code == 403
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("path", CHANGING)
def test_a_link_changes_nothing(staff: Callable[..., Client], alice: User, path: str) -> None:
    staff("admin").get(f"{path}?people={alice.pk}&reason=r&identity=in-person&username=new&every=5", secure=True)
    assert not AuditEvent.objects.exists()
    assert not User.objects.filter(username="new").exists()


def test_every_address_of_the_admin_passes_the_sites_own_guard() -> None:
    for url in _flat(get_resolver().url_patterns):
        if getattr(url.callback, "__module__", "").startswith(("django.contrib.admin", "mfa.desk", "mfa.admin")):
            assert site.__class__.__name__ == "PortalAdminSite"
            assert hasattr(url.callback, "__wrapped__"), url


def _flat(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for item in patterns:
        found += _flat(item.url_patterns) if isinstance(item, URLResolver) else [item]
    return found


@pytest.mark.row("T-58")
@pytest.mark.row("A-6.4.6")
@pytest.mark.parametrize("role", ["helpdesk", "auditor", "admin"])
def test_no_page_shows_a_secret(staff: Callable[..., Client], alice: User, role: str) -> None:
    factor = add_factor(alice)
    client = staff(role)
    for path in (LIST, page_of(alice), f"{LIST}act/reset/?people={alice.pk}", "/admin/mfa/auditevent/"):
        seen = client.get(path, secure=True).content.decode()
        for secret in (factor.secret, SECRET.decode(), "GEZDGNBVGY3TQOJQ", factor.key, alice.password):
            assert secret not in seen


@pytest.mark.row("T-58")
@pytest.mark.row("A-6.4.6")
def test_factors_have_no_page_of_their_own(staff: Callable[..., Client], alice: User) -> None:
    client = staff("admin")
    factor = add_factor(alice)
    for path in (
        "/admin/mfa/factor/",
        f"/admin/mfa/factor/{factor.pk}/change/",
        "/admin/mfa/onetimecode/",
        "/admin/auth/group/",
    ):
        assert client.get(path, secure=True).status_code == 404


@pytest.mark.row("T-58")
@pytest.mark.row("A-8.2.3")
@pytest.mark.parametrize(
    "query",
    ["factors__secret__startswith=t1", "password__startswith=argon2", "factors__key=a", "security_epoch__gt=0",
     "directory_fingerprint__startswith=a", "phone__startswith=%2B49", "one_time_codes__code_hash__startswith=a"],
)  # fmt: skip
def test_a_list_answers_no_question_about_a_hidden_column(staff: Callable[..., Client], query: str) -> None:
    assert staff("helpdesk").get(f"{LIST}?{query}", secure=True).status_code == 400


@pytest.mark.row("T-58")
def test_the_logs_answer_no_question_about_a_hidden_column_either(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    for query in (
        "mfa/auditevent/?user__password__startswith=a",
        "mfa/delivery/?body__startswith=t1",
        "mfa/authenticationrecord/?user__factors__secret__startswith=t",
        "accounts/syncrun/?actor__password__startswith=a",
    ):
        assert client.get(f"/admin/{query}", secure=True).status_code == 400


def test_search_finds_by_user_name_name_and_mail_and_by_nothing_else(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("helpdesk")
    make_user("zoe", name="Zoe Quartz", email="z@quartz.test", phone="+4917012345678")
    for words in ("zoe", "Quartz", "z@quartz.test"):
        assert b"Zoe Quartz" in client.get(LIST, {"q": words}, secure=True).content
    for words in ("+4917012345678", "12345678", "argon2"):
        assert b"Zoe Quartz" not in client.get(LIST, {"q": words}, secure=True).content


def test_a_page_of_a_hundred_people_costs_as_many_queries_as_a_page_of_ten(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    _crowd(0, 10)
    few = _queries(client)
    _crowd(10, 110)
    assert _queries(client) == few
    assert few < 25


def _crowd(first: int, last: int) -> None:
    people = [
        User(username=f"person{n}", password="!", phone=f"+49170{n:07d}", phone_source="directory")
        for n in range(first, last)
    ]
    User.objects.bulk_create(people)
    for user in User.objects.filter(username__in=[one.username for one in people]):
        add_factor(user)
        policy.demand_activation(user, demanded=False)


def _queries(client: Client) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(LIST, secure=True).status_code == 200
    return len(seen)


@pytest.fixture
def four(make_user: Callable[..., User]) -> dict[str, User]:
    """A person with an app, one without anything, one whose app is disabled, one who must have a factor."""
    people = {name: make_user(name) for name in ("armed", "bare", "disabled", "obliged")}
    add_factor(people["armed"])
    add_factor(people["disabled"], disabled_at=timezone.now())
    policy.require(people["obliged"], required=True, actor=None, reason="test")
    run = SyncRun.objects.create(trigger="schedule", state="done")
    SyncProblem.objects.create(run=run, user=people["bare"], reason="landline")
    User.objects.filter(username="disabled").update(is_active=False)
    return people


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("factor=no", {"bare", "disabled", "obliged"}),
        ("factor=yes", {"armed"}),
        ("required=yes", {"obliged"}),
        ("required=no", {"armed", "bare", "disabled"}),
        ("unusable=yes", {"bare"}),
        ("is_active__exact=0", {"disabled"}),
        ("role=admin", set()),
        ("factor=nonsense", {"armed", "bare", "disabled", "obliged"}),
    ],
)
def test_filters(staff: Callable[..., Client], four: dict[str, User], query: str, expected: set[str]) -> None:
    answer = staff("auditor").get(f"{LIST}?{query}", secure=True)
    assert {one.username for one in answer.context["cl"].result_list} - {"auditor-person"} == expected


@pytest.mark.row("A-3.2.1")
def test_markup_in_names_is_shown_as_text_everywhere(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    bad = "<img src=x onerror=alert(1)>"
    user = make_user("mallory", name=bad, email="m@example.test")
    add_factor(user, name=bad, last_used_for=bad)
    audit.record("factor.added", user=user, actor=user, reason=bad, name=bad)
    AuthenticationRecord.objects.create(user=user, username=bad, application=bad, accepted=False, code=105, cause=bad)
    client = staff("admin")
    event = AuditEvent.objects.get(action="factor.added")
    paths = (LIST, page_of(user), f"{LIST}act/reset/?people={user.pk}", "/admin/mfa/auditevent/",
             f"/admin/mfa/auditevent/{event.pk}/change/", "/admin/mfa/authenticationrecord/")  # fmt: skip
    for path in paths:
        seen = client.get(path, secure=True).content.decode()
        assert "<img src=x" not in seen
        assert "&lt;img src=x" in seen


def test_the_page_of_a_person_tells_what_helpdesk_is_asked_about(staff: Callable[..., Client], alice: User) -> None:
    add_factor(alice, name="Work phone", last_used_for="vpn")
    add_factor(alice, name="Old phone", disabled_at=timezone.now())
    policy.require(alice, required=True, actor=None, reason="audit finding 7")
    seen = staff("helpdesk").get(page_of(alice), secure=True).content.decode()
    for words in ("Alice Sample", "Work phone", "vpn", "Old phone", "disabled", "required", "audit finding 7"):
        assert words in seen


def test_the_page_of_a_person_costs_a_bounded_number_of_queries(staff: Callable[..., Client], alice: User) -> None:
    client = staff("admin")
    for _ in range(30):
        audit.record("factor.added", user=alice, actor=alice)
    with CaptureQueriesContext(connection) as seen:
        client.get(page_of(alice), secure=True)
    assert len(seen) < 50


@pytest.mark.parametrize(
    "path",
    [
        f"{LIST}0/change/",
        f"{LIST}x/change/",
        f"{LIST}99999999999999999999/change/",
        f"{LIST}act/nonsense/",
        "/admin/accounts/syncrun/9/change/",
    ],
)
def test_what_is_not_there_is_not_found(staff: Callable[..., Client], path: str) -> None:
    assert staff("admin").get(path, secure=True).status_code == 404


def test_the_page_of_a_person_takes_no_form(staff: Callable[..., Client], alice: User) -> None:
    assert staff("admin").post(page_of(alice), {"is_staff": "on"}, secure=True).status_code == 405
    assert not User.objects.get(pk=alice.pk).is_staff


def test_people_are_neither_deleted_nor_edited_by_raw_form(staff: Callable[..., Client], alice: User) -> None:
    client = staff("admin")
    assert client.get(f"{LIST}{alice.pk}/delete/", secure=True).status_code in (302, 404)
    client.post(LIST, {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"}, secure=True)
    assert User.objects.filter(pk=alice.pk).exists()


def test_an_admin_makes_a_local_account_that_nobody_knows_a_password_of(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    client.post(
        f"{LIST}add/", {"username": "New.Person", "name": "New\nPerson", "email": "n@example.test"}, secure=True
    )
    made = User.objects.get(username="new.person")
    assert (made.name, made.is_staff, made.has_usable_password()) == ("New Person", False, False)
    assert AuditEvent.objects.filter(action="account.created", user=made).exists()


@pytest.mark.parametrize("name", ["", "  ", "ALICE", "\u200b", "x" * 151])
def test_a_user_name_that_cannot_be_is_refused_beside_the_field(
    staff: Callable[..., Client], alice: User, name: str
) -> None:
    answer = staff("admin").post(f"{LIST}add/", {"username": name}, secure=True)
    assert answer.status_code == 200
    refused = answer.context["adminform"].form.errors["username"]
    assert refused
    assert "This field is required." not in refused
    assert User.objects.count() == 2


def test_a_new_account_cannot_be_given_rights_by_more_fields(staff: Callable[..., Client]) -> None:
    form = {"username": "sly", "is_staff": "on", "is_superuser": "on", "password": "x" * 20, "groups": "1"}
    staff("admin").post(f"{LIST}add/", form, secure=True)
    made = User.objects.get(username="sly")
    assert (made.is_staff, made.is_superuser, made.groups.count(), made.has_usable_password()) == (
        False,
        False,
        0,
        False,
    )


def test_a_superuser_changes_the_trail_no_more_than_others(client: Client, make_user: Callable[..., User]) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    sign_in(client, root, add_factor(root))
    audit.record("factor.added", user=root, actor=root)
    event = AuditEvent.objects.get()
    for path in (f"{event.pk}/delete/", "add/", f"{event.pk}/history/"):
        assert client.get(f"/admin/mfa/auditevent/{path}", secure=True).status_code in (302, 403, 404)
    client.post(f"/admin/mfa/auditevent/{event.pk}/change/", {"reason": "forged"}, secure=True)
    client.post(
        "/admin/mfa/auditevent/",
        {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"},
        secure=True,
    )
    assert AuditEvent.objects.get().reason == ""
    assert Factor.objects.count() == 1


@pytest.mark.parametrize("source", ["", "directory", "self", "helpdesk"])
@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize("row", ["none", "usable", "disabled", "unconfirmed"])
def test_the_filter_knows_factors_that_a_number_implies(
    staff: Callable[..., Client], make_user: Callable[..., User], source: str, confirmed: bool, row: str
) -> None:
    now = timezone.now()
    number = {"phone": "+4917012345678", "phone_source": source} if source else {}
    user = make_user("somebody", phone_confirmed_at=now if confirmed and source else None, **number)
    if row != "none":
        factor = add_factor(user, kind="sms", disabled_at=now if row == "disabled" else None)
        key = holdings.single_key(user)
        Factor.objects.filter(pk=factor.pk).update(key=key, confirmed=row != "unconfirmed")
    has = bool(holdings.usable(user, now=now))
    found = staff("auditor").get(f"{LIST}?factor=yes", secure=True).context["cl"].result_list
    assert (user in found) is has


def test_the_filter_follows_the_countries_in_use(
    staff: Callable[..., Client], make_user: Callable[..., User], settings: Any
) -> None:
    settings.PHONE_COUNTRIES = frozenset({"FR", "PT"})
    user = make_user("somebody", phone="+33612345678", phone_source="directory")
    assert holdings.usable(user, now=timezone.now())
    assert user in staff("auditor").get(f"{LIST}?factor=yes", secure=True).context["cl"].result_list
