"""Attempts in the admin: by how they ended, of one person, at one application, and one by itself with what mends it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa import outcomes
from mfa.authlog import endings
from mfa.authlog.endings import Ending
from mfa.models import Application, AuthenticationRecord, RememberRule
from mfa.outcomes import Result
from mfa.verification import log
from tests.mfa.doors import add_factor

RECORDS = "/admin/mfa/authenticationrecord/"


@pytest.fixture
def vpn(db: None) -> Application:
    return Application.objects.create(slug="vpn", name="Office VPN", address_attribute="address")


def write(user: User | None, result: Result, **more: Any) -> AuthenticationRecord:
    fields = {"application": "vpn", "gateway": "vpn-1", "address": "198.51.100.7", "kind": "totp"} | more
    fields.setdefault("now", timezone.now() - timedelta(minutes=1))
    log.write(user, user.username if user else "nobody", result, **fields)
    return AuthenticationRecord.objects.latest("pk")


def codes(client: Client, query: str) -> list[int]:
    answer = client.get(f"{RECORDS}?{query}", secure=True)
    assert answer.status_code == 200
    return sorted(row.code for row in answer.context["cl"].result_list)


def page_of(client: Client, row: AuthenticationRecord) -> str:
    answer = client.get(f"{RECORDS}{row.pk}/change/", secure=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_result_is_in_one_group_and_the_conditions_agree(db: None) -> None:
    every = [one for one in vars(outcomes).values() if isinstance(one, Result)]
    grouped = {one.code: ending for ending, found in endings.grouped().items() for one in found}
    assert set(grouped) == {one.code for one in every}
    AuthenticationRecord.objects.bulk_create(
        AuthenticationRecord(application="vpn", code=one.code, accepted=one.accepted) for one in every
    )
    for ending in Ending:
        rows = AuthenticationRecord.objects.filter(endings.CONDITIONS[ending])
        assert {row.code for row in rows} == {code for code, found in grouped.items() if found == ending}
    assert AuthenticationRecord.objects.count() == len(every)


def test_the_log_is_filtered_by_ending_or_by_one_result_and_searched_by_either(
    staff: Callable[..., Client], alice: User
) -> None:
    for result in (
        outcomes.OATH_VERIFIED, outcomes.CODE_PENDING, outcomes.OATH_INCORRECT, outcomes.SMS_NOT_SENT,
        outcomes.OATH_DUPLICATE,
    ):  # fmt: skip
        write(alice, result)
    client = staff("auditor")
    for query, found in {
        "result=accepted": [23], "result=asked": [22], "result=refused": [138, 139], "result=fault": [120],
        "result=139": [139], "q=138": [138], "q=duplicate": [139], "q=oath code incorrect": [138],
        "q=not be sent": [120],
        "q=alice": [22, 23, 120, 138, 139], "result=refused&q=138": [138], "q=9": [],
        "result=nothing": [22, 23, 120, 138, 139],
    }.items():  # fmt: skip
        assert codes(client, query) == found, query


def test_the_results_of_an_ending_are_folded_up_until_one_of_them_is_chosen(
    staff: Callable[..., Client], alice: User
) -> None:
    client = staff("auditor")
    for query, unfolded in (("", 0), ("result=refused", 0), ("result=138", 1)):
        page = client.get(f"{RECORDS}?{query}", secure=True).content.decode()
        assert len(re.findall(r'<details class="filter-within" open>', page)) == unfolded
        assert len(re.findall(r'<details class="filter-within"', page)) == 4
    assert page.count('aria-current="true">138 OATH Code Incorrect') == 1


def test_the_list_of_one_person_has_their_figures_by_application(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    for result in (outcomes.OATH_VERIFIED, outcomes.OATH_INCORRECT, outcomes.OATH_INCORRECT, outcomes.SMS_NOT_SENT):
        write(alice, result)
    write(alice, outcomes.OATH_VERIFIED, application="portal")
    write(alice, outcomes.OATH_INCORRECT, now=timezone.now() - timedelta(days=20))
    client = staff("auditor")
    about = client.get(f"{RECORDS}?user__id__exact={alice.pk}", secure=True).context["about"]
    assert [count for _ending, _url, count in about.totals] == [2, 0, 2, 1]
    assert {row.name: row.counts for row in about.rows} == {"Office VPN": [1, 0, 2, 1], "portal": [1, 0, 0, 0]}
    assert [cause[:3] for cause in about.causes] == [
        (138, "OATH Code Incorrect", 2), (120, "Text Message Could Not Be Sent", 1)
    ]  # fmt: skip
    for url in [url for _ending, url, _count in about.totals] + [row.url for row in about.rows]:
        assert client.get(url, secure=True).status_code == 200
    refused = about.totals[2][1].partition("?")[2]
    assert codes(client, refused) == [138, 138, 138], "the link leads to the attempts that are counted, and older ones"


def test_the_list_of_one_application_has_its_figures_and_who_is_refused_most(
    staff: Callable[..., Client], alice: User, make_user: Callable[..., User], vpn: Application
) -> None:
    bob = make_user("bob")
    write(alice, outcomes.OATH_VERIFIED)
    for _ in range(2):
        write(bob, outcomes.OATH_INCORRECT)
    write(None, outcomes.USER_NOT_FOUND)
    client = staff("auditor")
    answer = client.get(f"{RECORDS}?where=vpn", secure=True)
    about = answer.context["about"]
    assert [count for _ending, _url, count in about.totals] == [1, 0, 3, 0]
    assert [(row.name, row.counts) for row in about.rows] == [("bob", [0, 0, 2, 0]), ("alice", [1, 0, 0, 0])]
    assert "Attempts at Office VPN" in answer.content.decode()
    link = f"{RECORDS}?where=vpn"
    assert link in client.get(f"/admin/mfa/application/{vpn.pk}/change/", secure=True).content.decode()
    assert client.get(f"{RECORDS}?where=gone", secure=True).context["about"] is None


def test_the_page_of_an_application_leaves_no_day_out_and_leads_to_each_cause_in_the_log(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    now = timezone.now()
    for days, result in ((5, outcomes.OATH_VERIFIED), (2, outcomes.OATH_INCORRECT), (2, outcomes.CODE_PENDING)):
        write(alice, result, now=now - timedelta(days=days))
    client = staff("auditor")
    answer = client.get(f"/admin/mfa/application/{vpn.pk}/change/", secure=True)
    assert [(day.accepted, day.refused) for day in answer.context["days"]] == [
        (1, 0), (0, 0), (0, 0), (0, 1), (0, 0), (0, 0),
    ]  # fmt: skip
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+where=vpn[^"]+)"', answer.content.decode())]
    assert {codes(client, link.partition("?")[2])[0] for link in links if "result=" in link} == {138}
    assert [codes(client, link.partition("?")[2]) for link in links if "gateway_is=" in link] == [[22, 23, 138]]


def test_the_list_says_for_how_long_attempts_are_kept(staff: Callable[..., Client], settings: Settings) -> None:
    client = staff("auditor")
    for settings.AUTHENTICATION_LOG_DAYS, words in ((0, "until somebody sets"), (400, "kept for 400 days")):
        assert words in client.get(RECORDS, secure=True).content.decode()


def test_an_attempt_has_its_page_with_everything_that_is_known(
    staff: Callable[..., Client], alice: User, vpn: Application
) -> None:
    rule = RememberRule.objects.create(name="Minute", scope="user", seconds=60)
    before = write(alice, outcomes.OATH_VERIFIED, now=timezone.now() - timedelta(minutes=4))
    row = write(alice, outcomes.REMEMBERED, rule="Minute")
    AuthenticationRecord.objects.filter(pk=row.pk).update(request_id="radius-0123", duration_ms=17)
    page = page_of(staff("auditor"), row)
    for words in (
        "Accepted", "6 Used Cache", "Signed in; no code was needed", "Office VPN", "RADIUS · vpn-1", "198.51.100.7",
        "17 ms", "radius-0123", f"/admin/mfa/rememberrule/{rule.pk}/change/",
        f"/admin/accounts/user/{alice.pk}/change/", f"/admin/mfa/application/{vpn.pk}/change/",
        f"{RECORDS}{before.pk}/change/", "simulate/?person=alice",
    ):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize(
    ("result", "mend"),
    [
        (outcomes.ACCOUNT_LOCKED, "act/unlock/?people="),
        (outcomes.FACTOR_DISABLED, "act/unlock/?people="),
        (outcomes.NOTHING_ENROLLED, "act/activate/?people="),
        (outcomes.TEMPORARY_OVER, "act/temporary/?people="),
        (outcomes.UNREADABLE, "act/reset-one/?people="),
        (outcomes.SMS_NOT_SENT, "/admin/mfa/delivery/?user__id__exact="),
        (outcomes.DIRECTORY_UNREACHABLE, "/admin/mfa/finding/"),
    ],
)
def test_what_mends_a_refusal_is_one_click_away_for_whoever_may(
    staff: Callable[..., Client], alice: User, vpn: Application, result: Result, mend: str
) -> None:
    if result == outcomes.UNREADABLE:
        add_factor(alice)
    row = write(alice, result)
    admin = staff("admin")
    page = page_of(admin, row)
    (address,) = {found for found in re.findall(r'class="button[^"]*" href="([^"]+)"', page) if mend in found}
    assert admin.get(address.replace("&amp;", "&"), secure=True).status_code in (200, 302)
    if mend.startswith("act/"):
        assert mend not in page_of(staff("auditor"), row)


def test_an_attempt_of_nobody_has_a_page_too_and_a_page_of_none_is_not_found(staff: Callable[..., Client]) -> None:
    client = staff("auditor")
    page = page_of(client, write(None, outcomes.USER_NOT_FOUND))
    assert "nobody of this name is known" in page
    assert "/admin/accounts/user/?q=nobody" in page
    assert client.get(f"{RECORDS}999999999/change/", secure=True).status_code == 404


def test_lists_and_pages_of_attempts_cost_a_fixed_number_of_queries(
    staff: Callable[..., Client], alice: User, make_user: Callable[..., User], vpn: Application
) -> None:
    client = staff("auditor")
    write(alice, outcomes.OATH_INCORRECT, application="no-longer-in-use")
    row = write(alice, outcomes.OATH_INCORRECT)
    paths = [f"{RECORDS}?user__id__exact={alice.pk}", f"{RECORDS}?where=vpn", f"{RECORDS}{row.pk}/change/"]

    def queries() -> list[int]:
        counts = []
        for path in paths:
            with CaptureQueriesContext(connection) as seen:
                client.get(path, secure=True)
            counts.append(len(seen))
        return counts

    queries()
    few = queries()
    for number in range(5):
        write(make_user(f"more{number}"), outcomes.OATH_INCORRECT)
        write(alice, outcomes.OATH_DUPLICATE, application=f"app{number}")
    assert queries() == few
