"""One RADIUS request that reaches two processes of the portal in the same moment, by two FreeRADIUS servers."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
from typing import Any

import pytest

from mfa.outcomes import CODE_PENDING, OATH_VERIFIED, PASSWORD_WRONG, SMS_SENT
from tests.races.browser import HOST
from tests.races.harness import PASSWORD, Portal, code_of, wait_for_fresh_step
from tests.races.test_codes_race import new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

AT_ONCE = 8
"""More than wrong passwords in a row before the next one has to wait."""


def arrive_at_once(portal: Portal, key: str, **attributes: str) -> list[tuple[int, dict[str, Any]]]:
    """The same request so many times in one moment; status and body of each answer."""
    sent = {"Identifier": "7", "Authenticator": "0x" + secrets.token_hex(16), "Client": "vpn-1"} | {
        name.replace("_", "-"): value for name, value in attributes.items()
    }
    headers = {
        "Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7",
        "Authorization": f"Bearer {key}", "Content-Type": "application/json",
    }  # fmt: skip
    barrier, answers = threading.Barrier(AT_ONCE), list[tuple[int, dict[str, Any]]]()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=60)
        connection.connect()
        barrier.wait(30)
        connection.request("POST", "/api/v1/radius/authorize", json.dumps(sent), headers)
        response = connection.getresponse()
        answers.append((response.status, json.loads(response.read())))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == AT_ONCE
    return answers


@pytest.mark.row("T-67e")
def test_a_request_at_two_processes_at_once_is_judged_once_and_sends_one_sms(portal: Portal) -> None:
    name, key = new_name(), portal.stage("give_radius_key")
    secret = portal.stage("make_person", username=name)["apps"][0]["secret"]
    portal.stage("give_phone", username=name, number=f"+49151{int(name.removeprefix('racer')):08d}")
    asked = arrive_at_once(portal, key, User_Name=name, User_Password=PASSWORD)
    assert all(answer == asked[0] for answer in asked), asked
    assert portal.stage("logged", username=name) == [CODE_PENDING.code]

    state = asked[0][1]["reply:State"]["value"][0]
    sms = arrive_at_once(portal, key, User_Name=name, User_Password="sms", State=state)
    assert all(answer == sms[0] for answer in sms)
    assert portal.stage("logged", username=name)[1:] == [SMS_SENT.code]
    assert len(portal.stage("sms_codes", username=name)) == 1
    state = arrive_at_once(portal, key, User_Name=name, User_Password=PASSWORD)[0][1]["reply:State"]["value"][0]
    wait_for_fresh_step()
    accepted = arrive_at_once(portal, key, User_Name=name, User_Password=code_of(secret), State=state)
    assert {status for status, _ in accepted} == {200}
    assert all(body == {"control:Auth-Type": "Accept"} for _, body in accepted)
    assert portal.stage("logged", username=name)[3:] == [OATH_VERIFIED.code]


@pytest.mark.row("T-67e")
def test_a_wrong_password_at_two_processes_at_once_is_one_guess(portal: Portal) -> None:
    name, key = new_name(), portal.stage("give_radius_key")
    portal.stage("make_person", username=name)
    refused = arrive_at_once(portal, key, User_Name=name, User_Password="wrong")
    assert [status for status, _ in refused] == [401] * AT_ONCE
    assert portal.stage("logged", username=name) == [PASSWORD_WRONG.code]
    assert portal.stage("password_guesses", username=name) == 1
    assert arrive_at_once(portal, key, User_Name=name, User_Password=PASSWORD)[0][0] == 200


@pytest.mark.row("T-67e")
def test_a_retransmission_is_judged_anew_only_where_whoever_judged_it_has_ended(portal: Portal) -> None:
    name, key = new_name(), portal.stage("give_radius_key")
    portal.stage("make_person", username=name)
    typed = {"User_Name": name, "User_Password": PASSWORD, "Authenticator": "0x" + secrets.token_hex(16)}
    first = arrive_at_once(portal, key, **typed)[0]
    portal.stage("forget_the_answer", seconds=60)
    again = arrive_at_once(portal, key, **typed)
    assert all(answer == again[0] for answer in again)
    assert again[0] != first  # a question of its own
    assert len(portal.stage("logged", username=name)) == 2


@pytest.mark.row("T-63")
def test_keys_are_changed_without_one_refusal_and_the_old_one_ends_in_all_processes_at_once(portal: Portal) -> None:
    old, new = (portal.stage("give_radius_key", slug="rolled") for _ in range(2))
    for key in (old, new, old, new):
        assert statuses(portal, key) == {401}  # the person is refused, the key is not
    portal.stage("revoke_key", prefix=old.partition(".")[0])
    assert (statuses(portal, old), statuses(portal, new)) == ({403}, {401})


def statuses(portal: Portal, key: str) -> set[int]:
    return {status for status, _ in arrive_at_once(portal, key, User_Name="nobody", User_Password="x")}
