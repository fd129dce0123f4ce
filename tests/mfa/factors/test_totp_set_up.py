"""Setting an authenticator app up, and moving it to a new phone."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import override_settings

from accounts.models import User
from mfa import crypto, enrolment, holdings, limits, qr
from mfa.factors.totp import flows, provisioning
from mfa.factors.totp.factor import KIND, token_of
from mfa.models import AuditEvent, Delivery, Factor, GuessCounter
from mfa.oath.codes import Token
from mfa.outcomes import (
    OATH_DUPLICATE,
    ClockWrong,
    Refused,
    WrongCode,
)
from tests.mfa.factors.apps import SECRET, STEP, app_of, judge, result_of, shown, wrong_code


@pytest.fixture
def app(alice: User, now: datetime) -> Factor:
    return app_of(alice, now=now)


@pytest.mark.row("N-01")
@pytest.mark.row("A-6.5.3")
def test_secrets_have_160_bits_and_are_never_the_same(alice: User, now: datetime) -> None:
    secrets = {token_of(flows.begin(alice, name="Phone", now=now)).secret for _ in range(50)}
    assert {len(secret) for secret in secrets} == {20}
    assert len(secrets) == 50


def test_an_app_counts_only_after_its_first_right_code(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    assert holdings.usable(alice, now=now) == []
    with pytest.raises(Refused):
        flows.confirm(alice, factor.pk, wrong_code(factor, now), now=now)
    assert holdings.usable(alice, now=now) == []
    flows.confirm(alice, factor.pk, shown(factor, now), now=now)
    assert holdings.usable(alice, now=now) == [factor]
    assert AuditEvent.objects.filter(user=alice, action="factor.added").count() == 1
    assert Delivery.objects.filter(user=alice, template="factor-added").count() == 1


@pytest.mark.row("T-01")
def test_the_first_code_cannot_be_used_to_sign_in(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    code = shown(factor, now)
    flows.confirm(alice, factor.pk, code, now=now)
    assert result_of(alice, code, now) is OATH_DUPLICATE


def test_a_wrong_clock_is_named_while_setting_up(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    with pytest.raises(ClockWrong) as caught:
        flows.confirm(alice, factor.pk, shown(factor, now - timedelta(seconds=94)), now=now)
    assert abs(caught.value.drift_seconds + 94) <= 15


@pytest.mark.row("T-46")
def test_a_new_start_discards_the_waiting_app(alice: User, now: datetime) -> None:
    planted = flows.begin(alice, name="Phone", now=now)
    flows.begin(alice, name="Phone", now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, planted.pk, shown(planted, now), now=now)


@pytest.mark.row("T-46")
def test_a_waiting_app_expires(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    late = now + enrolment.PENDING_FOR
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, factor.pk, shown(factor, late), now=late)


@pytest.mark.row("T-46")
def test_nobody_confirms_the_waiting_app_of_somebody_else(alice: User, make_user: object, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(make_user("bob"), factor.pk, shown(factor, now), now=now)  # type: ignore[operator]


def test_ten_wrong_codes_end_a_set_up_and_lock_nobody(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    for _ in range(enrolment.TRIES):
        with pytest.raises(WrongCode):
            flows.confirm(alice, factor.pk, wrong_code(factor, now), now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, factor.pk, shown(factor, now), now=now)
    assert not any(GuessCounter.objects.filter(subject=limits.of_account(alice)).values_list("failures", flat=True))


def test_a_sixth_app_is_refused(alice: User, now: datetime) -> None:
    for number in range(flows.MOST):
        moment = now + STEP * number
        factor = flows.begin(alice, name=enrolment.free_name(alice, "totp"), now=moment)
        flows.confirm(alice, factor.pk, shown(factor, moment), now=moment)
    with pytest.raises(flows.TooMany) as caught:
        flows.begin(alice, name="One more", now=now)
    assert "5 authenticator apps" in caught.value.words
    names = {factor.name for factor in Factor.objects.filter(user=alice)}
    assert names == {"Authenticator app", *(f"Authenticator app {number}" for number in range(2, 6))}


def test_a_new_phone_takes_over_in_one_moment(alice: User, app: Factor, now: datetime) -> None:
    new = flows.begin(alice, name=app.name, now=now, replaces=app)
    assert judge(alice, shown(app, now), now).accepted
    later = now + STEP * 2
    flows.confirm(alice, new.pk, shown(new, later), now=later)
    much_later = later + STEP * 2
    assert not judge(alice, shown(app, much_later), much_later).accepted
    assert judge(alice, shown(new, much_later), much_later).factor == new
    assert Factor.objects.filter(user=alice, kind="totp").count() == 1
    assert AuditEvent.objects.filter(user=alice, action="factor.replaced").count() == 1


def test_a_phone_that_was_never_confirmed_leaves_the_old_one_alone(alice: User, app: Factor, now: datetime) -> None:
    flows.begin(alice, name=app.name, now=now, replaces=app)
    late = now + timedelta(days=1)
    assert judge(alice, shown(app, late), late).accepted


@override_settings(TOTP_ALGORITHM="SHA256", TOTP_DIGITS=8, TOTP_PERIOD=60)
def test_the_deployment_may_choose_algorithm_digits_and_period(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    address = provisioning.address(token_of(factor), issuer="Portal", account="alice")
    assert "algorithm=SHA256&digits=8&period=60" in address
    flows.confirm(alice, factor.pk, shown(factor, now), now=now)
    assert KIND.describe(factor) == "8 digits, new every 60 seconds"


def test_the_secret_is_ciphertext_bound_to_its_row(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    row = Factor.objects.values().get(pk=factor.pk)
    secret = factor.unseal()
    for form in (secret.hex(), base64.b32encode(secret).decode(), base64.b64encode(secret).decode()):
        assert form not in str(row)
    with pytest.raises(crypto.Undecryptable):
        crypto.decrypt(row["secret"], row="factor:0:totp:other")


def test_the_address_names_issuer_and_account() -> None:
    parts = urlsplit(provisioning.address(Token(SECRET), issuer="Example & Sons", account="ann+b@example.test"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Example & Sons:ann+b@example.test"
    assert " " not in parts.path + parts.query
    query = parse_qs(parts.query)
    assert query["issuer"] == ["Example & Sons"]
    assert base64.b32decode(query["secret"][0]) == SECRET
    assert (query["algorithm"], query["digits"], query["period"]) == (["SHA1"], ["6"], ["30"])


@pytest.mark.parametrize("nasty", ["a:b", "a/b?c=d#e", "<b>", "ä \n ö", '"', "%3A"])
def test_no_name_breaks_out_of_the_address(nasty: str) -> None:
    parts = urlsplit(provisioning.address(Token(SECRET), issuer=nasty, account=nasty))
    assert parts.path.count(":") == 1
    assert set(parse_qs(parts.query)) == {"secret", "issuer", "algorithm", "digits", "period"}


def test_the_key_to_type_comes_in_groups_of_four() -> None:
    grouped = provisioning.grouped(provisioning.key(Token(SECRET)))
    assert [len(group) for group in grouped.split(" ")] == [4] * 8
    assert base64.b32decode(grouped.replace(" ", "")) == SECRET


def test_the_qr_code_is_a_picture_without_script_or_style_and_with_a_quiet_zone() -> None:
    drawing = ElementTree.fromstring(qr.svg("otpauth://totp/x?secret=ABC"))
    assert {element.tag.rpartition("}")[2] for element in drawing.iter()} == {"svg", "path"}
    assert not any("style" in element.attrib or "onload" in element.attrib for element in drawing.iter())
    path = next(element for element in drawing.iter() if element.tag.endswith("path"))
    assert path.attrib["d"].startswith(f"M{qr.QUIET_ZONE},{qr.QUIET_ZONE}")
