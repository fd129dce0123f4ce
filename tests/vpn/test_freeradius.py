"""What a VPN gateway hears from a real FreeRADIUS in front of the portal."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from mfa.factors.motp.algorithm import Motp
from mfa.models import Application, ApplicationKey, AuditEvent, AuthenticationRecord, Factor, RememberRule
from mfa.outcomes import FACTOR_NEW, OATH_DUPLICATE, OATH_VERIFIED, PAP_NEEDED, UPPER_CASE
from tests.conftest import PASSWORD
from tests.services.servers.freeradius import OTHER, OTHER_ADDRESS, FreeRadius, freeradius_server
from tests.services.started import started
from tests.stories.authenticator import Phone
from tests.vpn.conftest import KEY_SECRET, PREFIX, Door

Mode = Application.Mode


def test_password_then_code_at_a_second_prompt(radius: FreeRadius, phone: Phone) -> None:
    asked = radius.ask(User_Name="alice", User_Password=PASSWORD)
    assert asked.packet == "Access-Challenge"
    assert "authenticator app" in asked.words
    answered = radius.ask(User_Name="alice", User_Password=phone.code(), State=asked.state)
    assert answered.packet == "Access-Accept"
    record = AuthenticationRecord.objects.first()
    assert record
    assert (record.code, record.application, record.gateway) == (OATH_VERIFIED.code, "vpn", "vpn-1")
    assert f"request {record.request_id} from vpn-1: Access-Accept" in radius.own_log()


def test_password_and_code_in_one_field_with_and_without_a_separator(
    radius: FreeRadius, vpn: Application, phone: Phone
) -> None:
    Application.objects.update(mode=Mode.PASSWORD_AND_CODE)
    assert radius.ask(User_Name="alice", User_Password=PASSWORD + phone.code()).packet == "Access-Accept"
    Application.objects.update(separator=",")
    later = phone.code(steps=1)
    assert radius.ask(User_Name="alice", User_Password=f"{PASSWORD},{later}").packet == "Access-Accept"


def test_code_only_where_the_gateway_has_checked_the_password(
    radius: FreeRadius, vpn: Application, phone: Phone
) -> None:
    Application.objects.update(mode=Mode.CODE_ONLY)
    assert radius.ask(User_Name="alice", User_Password=phone.code()).packet == "Access-Accept"


def test_names_and_passwords_beyond_ascii_arrive_whole(
    radius: FreeRadius, make_user: Callable[..., User], vpn: Application
) -> None:
    user = make_user("жанна", email="zhanna@example.test")
    user.set_password('pässwörd \\ "ж"')
    user.save()
    Application.objects.update(domains=["example"])
    asked = radius.ask(User_Name="EXAMPLE\\Жанна", User_Password='pässwörd \\ "ж"')
    assert asked.packet == "Access-Reject"  # right, and nothing is enrolled
    causes = set(AuthenticationRecord.objects.values_list("username", "cause"))
    assert causes == {("жанна", "No Second Factor Enrolled")}


@pytest.mark.row("T-56")
def test_the_logs_of_freeradius_have_neither_password_nor_code(radius: FreeRadius, phone: Phone) -> None:
    code, wrong, before = phone.code(), "canary-of-a-typing-error", len(radius.own_log())
    asked = radius.ask(User_Name="alice", User_Password=PASSWORD)
    assert radius.ask(User_Name="alice", User_Password=code, State=asked.state).packet == "Access-Accept"
    assert radius.ask(User_Name="alice", User_Password=code, State=asked.state).packet == "Access-Reject"
    assert radius.ask(User_Name="alice", User_Password=wrong).packet == "Access-Reject"
    written = radius.own_log()[before:]  # six digits of other requests' ids may be those of the code
    assert "Access-Reject" in written
    assert [secret for secret in (PASSWORD, code, wrong, asked.state, radius.secret) if secret in written] == []


@pytest.mark.row("T-56")
def test_the_log_of_a_freeradius_that_runs_as_a_service_has_neither_password_nor_code_though_it_tells_of_trouble(
    door: Door, vpn: Application, phone: Phone
) -> None:
    key, code, wrong = f"{PREFIX}.{KEY_SECRET}", phone.code(), "canary-of-a-typing-error"
    with started(freeradius_server(door.url, key, ca_file=str(door.ca_file), debug=False)) as service:
        asked = service.ask(User_Name="alice", User_Password=PASSWORD)
        assert service.ask(User_Name="alice", User_Password=code, State=asked.state).packet == "Access-Accept"
        assert service.ask(User_Name="alice", User_Password=wrong).packet == "Access-Reject"
        ApplicationKey.objects.all().delete()
        assert service.ask(User_Name="alice", User_Password=wrong, wait=1).packet == ""
        written = service.process.log.read_text(encoding="utf-8")
    assert "This key may not do this" in written
    secrets = (PASSWORD, code, wrong, asked.state, service.secret, KEY_SECRET)
    assert [secret for secret in secrets if secret in written] == []


@pytest.mark.row("T-14")
def test_every_refusal_sounds_the_same(radius: FreeRadius, phone: Phone) -> None:
    refused = [
        radius.ask(User_Name="alice", User_Password="wrong"),
        radius.ask(User_Name="nobody", User_Password=PASSWORD),
        radius.ask(User_Name="alice", User_Password="000000", State="0x6e6f6e65"),
    ]
    assert {(answer.packet, answer.words) for answer in refused} == {("Access-Reject", refused[0].words)}


@pytest.mark.row("T-59")
@pytest.mark.row("T-14")
def test_a_factor_that_is_new_after_a_reset_is_refused_in_the_same_words_and_burns_no_code(
    radius: FreeRadius, phone: Phone
) -> None:
    Application.objects.update(mode=Mode.PASSWORD_AND_CODE, cool_down_hours=24)
    typed, now = PASSWORD + phone.code(), timezone.now()
    Factor.objects.update(new_since=now - timedelta(hours=23))
    refused = radius.ask(User_Name="alice", User_Password=typed)
    wrong = radius.ask(User_Name="alice", User_Password="wrong")
    assert {(answer.packet, answer.words) for answer in (refused, wrong)} == {("Access-Reject", wrong.words)}
    assert AuthenticationRecord.objects.filter(code=FACTOR_NEW.code).count() == 1
    Factor.objects.update(new_since=now - timedelta(hours=25))
    assert radius.ask(User_Name="alice", User_Password=typed).packet == "Access-Accept"


@pytest.mark.row("T-67e")
def test_a_retransmission_hears_the_first_answer_and_burns_no_code(
    radius: FreeRadius, vpn: Application, phone: Phone
) -> None:
    Application.objects.update(mode=Mode.PASSWORD_AND_CODE)
    typed = PASSWORD + phone.code()
    with radius.losing_the_first_answer() as gateway:
        assert gateway.ask(User_Name="alice", User_Password=typed, tries=20, wait=1.0).packet == "Access-Accept"
    accepted = AuthenticationRecord.objects.filter(code=OATH_VERIFIED.code)
    assert accepted.count() == 1
    assert radius.ask(User_Name="alice", User_Password=typed).packet == "Access-Reject"
    assert AuthenticationRecord.objects.filter(code=OATH_DUPLICATE.code).count() == 1


@pytest.mark.row("T-66")
def test_a_request_that_nobody_signed_gets_no_answer_and_every_answer_is_signed(
    radius: FreeRadius, phone: Phone
) -> None:
    assert radius.ask(User_Name="alice", User_Password=PASSWORD, signed=False, wait=1.0).packet == ""
    for password in (PASSWORD, "wrong"):
        assert "Message-Authenticator" in radius.ask(User_Name="alice", User_Password=password).attributes
    assert not AuthenticationRecord.objects.filter(cause="").exists()


def test_reply_attributes_follow_the_groups_of_a_person(radius: FreeRadius, phone: Phone) -> None:
    from django.contrib.auth.models import Group

    User.objects.get(username="alice").groups.add(Group.objects.create(name="engineers"))
    Application.objects.update(
        mode=Mode.PASSWORD_AND_CODE,
        reply_attributes={
            "": {"Filter-Id": "everybody", "Class": "%{User-Password}"},
            "engineers": {"Filter-Id": "vpn-eng"},
        },
    )
    answer = radius.ask(User_Name="alice", User_Password=PASSWORD + phone.code())
    assert answer.attributes["Filter-Id"] == '"vpn-eng"'
    assert answer.attributes["Class"] == "0x" + b"%{User-Password}".hex()


def test_what_is_remembered_spares_the_second_prompt_until_the_factor_is_gone(
    radius: FreeRadius, vpn: Application, phone: Phone
) -> None:
    RememberRule.objects.create(name="Ten minutes", scope="application", application=vpn, seconds=600)
    asked = radius.ask(User_Name="alice", User_Password=PASSWORD)
    assert radius.ask(User_Name="alice", User_Password=phone.code(), State=asked.state).packet == "Access-Accept"
    assert radius.ask(User_Name="alice", User_Password=PASSWORD).packet == "Access-Accept"
    assert radius.ask(User_Name="alice", User_Password="wrong").packet == "Access-Reject"
    user = User.objects.get(username="alice")
    from accounts import users

    users.move_epoch(user)
    assert radius.ask(User_Name="alice", User_Password=PASSWORD).packet == "Access-Challenge"
    Factor.objects.all().delete()
    assert radius.ask(User_Name="alice", User_Password=PASSWORD).packet == "Access-Reject"


@pytest.mark.parametrize(
    "hashed",
    [
        {"CHAP_Password": "secret"},
        {"MS_CHAP_Challenge": "0x" + "21" * 16, "MS_CHAP2_Response": "0x" + "43" * 50},
        {"EAP_Message": "0x0200000a01616c696365"},
        {"User_Password": ""},
    ],
    ids=["CHAP", "MS-CHAPv2", "EAP", "nothing typed"],
)
@pytest.mark.parametrize("mode", [Mode.PASSWORD_THEN_CODE, Mode.CODE_ONLY])
def test_a_password_that_cannot_be_read_is_refused_with_words_and_found_in_the_log(
    radius: FreeRadius, phone: Phone, hashed: dict[str, Any], mode: str
) -> None:
    Application.objects.update(mode=mode)
    answer = radius.ask(User_Name="alice", **hashed)
    assert (answer.packet, answer.words) == ("Access-Reject", "This server needs PAP.")
    record = AuthenticationRecord.objects.get()
    assert (record.username, record.code, record.gateway) == ("alice", PAP_NEEDED.code, "vpn-1")


@pytest.mark.row("T-05b")
def test_an_motp_code_passes_once_in_lower_case_and_only_where_the_router_lists_it(
    radius: FreeRadius, vpn: Application, phone: Phone
) -> None:
    motp = Motp("0123456789abcdef", "1234")
    app = Factor(user=User.objects.get(username="alice"), kind="motp", name="Router", confirmed=True)
    app.seal(motp.packed())
    app.state = {"window": 3}
    app.save()
    Application.objects.update(mode=Mode.CODE_ONLY)
    step = next(step for step in itertools.count(motp.step_at(timezone.now())) if not motp.code(step).isdigit())
    assert step - motp.step_at(timezone.now()) <= 3  # all six are digits once in sixteen times
    assert radius.ask(User_Name="alice", User_Password=motp.code(step)).packet == "Access-Reject"
    Application.objects.update(kinds=["motp"])
    assert radius.ask(User_Name="alice", User_Password=motp.code(step).upper()).packet == "Access-Reject"
    assert radius.ask(User_Name="ALICE", User_Password=motp.code(step)).packet == "Access-Accept"
    assert radius.ask(User_Name="alice", User_Password=motp.code(step)).packet == "Access-Reject"
    causes = AuthenticationRecord.objects.order_by("pk").values_list("code", flat=True)
    assert list(causes)[1:] == [UPPER_CASE.code, OATH_VERIFIED.code, OATH_DUPLICATE.code]


@pytest.mark.row("T-61")
@pytest.mark.row("T-63")
@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()}, {"expires_at": timezone.now()}, {"networks": ["192.0.2.0/24"]},
        {"verbs": ["verify", "challenge"]}, {"secret_hash": "0" * 64},
    ],
    ids=lambda change: str(next(iter(change))),
)  # fmt: skip
def test_a_key_that_may_not_ask_refuses_nobody_so_that_the_gateway_asks_the_next_server(
    radius: FreeRadius, phone: Phone, change: dict[str, object]
) -> None:
    ApplicationKey.objects.update(**change)
    assert radius.ask(User_Name="alice", User_Password=PASSWORD, wait=1.0).packet == ""
    told = AuditEvent.objects.filter(action__in=("application.key-refused", "application.unknown-key"))
    radius.process.wait_until(told.exists)
    assert told.count() == 1
    assert not AuthenticationRecord.objects.exists()


@pytest.mark.row("T-33")
def test_a_domain_is_left_off_only_where_the_application_names_it(
    radius: FreeRadius, vpn: Application, phone: Phone, make_user: Callable[..., User]
) -> None:
    make_user("bob@example.org", email="bob@example.test")
    Application.objects.update(mode=Mode.CODE_ONLY)
    assert radius.ask(User_Name="alice@example.org", User_Password=phone.code()).packet == "Access-Reject"
    assert radius.ask(User_Name="bob@example.org", User_Password="123456").packet == "Access-Reject"
    causes = list(AuthenticationRecord.objects.order_by("pk").values_list("username", "cause"))
    assert causes == [("alice@example.org", "User Not Found"), ("bob@example.org", "No Second Factor Enrolled")]
    Application.objects.update(domains=["example.org"])
    assert radius.ask(User_Name="alice@example.org", User_Password=phone.code()).packet == "Access-Accept"


def test_a_code_with_the_blank_that_apps_show_is_right(radius: FreeRadius, phone: Phone) -> None:
    asked = radius.ask(User_Name="alice", User_Password=PASSWORD)
    code = phone.code()
    answered = radius.ask(User_Name="alice", User_Password=f"{code[:3]} {code[3:]}", State=asked.state)
    assert answered.packet == "Access-Accept"


@pytest.mark.row("T-67d")
def test_what_is_typed_in_one_field_is_split_as_documented_and_no_refusal_tells_which_half_was_wrong(
    radius: FreeRadius, vpn: Application, phone: Phone
) -> None:
    Application.objects.update(mode=Mode.PASSWORD_AND_CODE)
    user = User.objects.get(username="alice")
    user.set_password("ends in 123456")
    user.save()
    right, wrong = phone.code(), f"{(int(phone.code()) + 1) % 1_000_000:06d}"
    typed = (f"ends in 123457{right}", f"ends in 123456{wrong}", "ends in 123456", right, "x")
    refused = [radius.ask(User_Name="alice", User_Password=text) for text in typed]
    assert {(answer.packet, answer.words) for answer in refused} == {("Access-Reject", refused[0].words)}
    assert radius.ask(User_Name="alice", User_Password=f"ends in 123456{right}").packet == "Access-Accept"


@pytest.mark.row("T-61")
def test_a_gateway_with_a_key_of_its_own_is_another_application(
    radius: FreeRadius, office: Application, phone: Phone
) -> None:
    typed: dict[str, Any] = {"User_Name": "alice", "User_Password": phone.code()}
    assert radius.ask(**typed).packet == "Access-Reject"  # as a password, which the other application asks for first
    assert radius.ask(**typed, Packet_Src_IP_Address=OTHER_ADDRESS).packet == "Access-Accept"
    asked = AuthenticationRecord.objects.order_by("pk").values_list("application", "gateway")
    assert list(asked) == [("vpn", "vpn-1"), ("office", OTHER)]
