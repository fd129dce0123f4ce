"""What somebody tries who knows a name, or sits at a gateway: against a real FreeRADIUS before the portal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts import users
from accounts.models import User
from mfa import limits
from mfa.models import Application, AuthenticationRecord, Factor, GuessCounter, RememberRule
from mfa.outcomes import OATH_VERIFIED
from mfa.tokens import stock
from tests.conftest import PASSWORD
from tests.mfa.tokens.shelf import pressed, put
from tests.services.servers.freeradius import Answered, FreeRadius
from tests.stories.authenticator import Phone

HOME = "203.0.113.7"


def first(radius: FreeRadius, calling: str = "nobody's") -> Answered:
    return radius.ask(User_Name="alice", User_Password=PASSWORD, Calling_Station_Id=calling)


def then(radius: FreeRadius, typed: str, asked: Answered, calling: str = "nobody's") -> Answered:
    return radius.ask(User_Name="alice", User_Password=typed, State=asked.state, Calling_Station_Id=calling)


@pytest.fixture
def remembering(vpn: Application) -> None:
    """Who showed a code from an address is spared the next one there."""
    Application.objects.update(address_attribute="Calling-Station-Id")
    vpn.refresh_from_db()
    RememberRule.objects.create(name="Office", scope="address", application=vpn, seconds=600)


@pytest.mark.row("T-30")
@pytest.mark.row("T-31")
@pytest.mark.row("T-32")
def test_an_address_that_is_forged_or_none_spares_nobody_a_code(
    radius: FreeRadius, remembering: None, phone: Phone
) -> None:
    assert then(radius, phone.code(), first(radius, HOME), HOME).packet == "Access-Accept"
    assert first(radius, HOME).packet == "Access-Accept"
    for same in (f"::ffff:{HOME}", f"{HOME}:4500"):
        assert first(radius, same).packet == "Access-Accept", same
    for forged in ("a", f"{HOME}, 198.51.100.1", f"{HOME}:99999", f"{HOME}/32", "::ffff:198.51.100.1", "9" * 253):
        assert first(radius, forged).packet == "Access-Challenge", forged
    elsewhere = radius.ask(User_Name="alice", User_Password=PASSWORD, Tunnel_Client_Endpoint=HOME, NAS_IP_Address=HOME)
    assert elsewhere.packet == "Access-Challenge"
    Application.objects.update(address_attribute="")
    assert first(radius, HOME).packet == "Access-Challenge"
    believed = set(AuthenticationRecord.objects.values_list("address", flat=True))
    assert believed == {HOME, "198.51.100.1", ""}


def test_a_replaced_factor_ends_what_was_remembered(radius: FreeRadius, remembering: None, phone: Phone) -> None:
    assert then(radius, phone.code(), first(radius, HOME), HOME).packet == "Access-Accept"
    assert first(radius, HOME).packet == "Access-Accept"
    user = User.objects.get(username="alice")
    Factor.objects.all().delete()
    users.move_epoch(user)
    other = Factor(user=user, kind="totp", name="New", confirmed=True)
    other.seal(b"another secret of 20")
    other.state = {"algorithm": "SHA1", "digits": 6, "period": 30}
    other.save()
    asked = first(radius, HOME)
    assert asked.packet == "Access-Challenge"
    assert then(radius, Phone(b"another secret of 20", "alice").code(), asked, HOME).packet == "Access-Accept"


@pytest.mark.row("T-12")
def test_fifty_codes_without_the_password_leave_the_victim_untouched(
    radius: FreeRadius, vpn: Application, phone: Phone
) -> None:
    Application.objects.update(mode=Application.Mode.PASSWORD_AND_CODE, address_attribute="Calling-Station-Id")
    assert (
        radius.ask(User_Name="alice", User_Password=PASSWORD + phone.code(), Calling_Station_Id=HOME).packet
        == "Access-Accept"
    )
    radius.ask(User_Name="alice", User_Password="guessed123456", Calling_Station_Id="198.51.100.9", times=50)
    user = User.objects.get(username="alice")
    assert AuthenticationRecord.objects.filter(user=user, accepted=False).count() == 50
    assert not GuessCounter.objects.filter(subject=limits.of_account(user)).exclude(failures={}).exists()
    typed = PASSWORD + phone.code(steps=1)
    assert radius.ask(User_Name="alice", User_Password=typed, Calling_Station_Id=HOME).packet == "Access-Accept"


def test_who_was_deactivated_after_the_password_is_refused(radius: FreeRadius, phone: Phone) -> None:
    asked = first(radius)
    User.objects.update(is_active=False)
    assert then(radius, phone.code(), asked).packet == "Access-Reject"
    assert first(radius).packet == "Access-Reject"


def test_five_wrong_codes_lock_out_the_right_one(radius: FreeRadius, vpn: Application, phone: Phone) -> None:
    Application.objects.update(mode=Application.Mode.CODE_ONLY)
    radius.ask(User_Name="alice", User_Password=phone.wrong(), times=5)
    assert radius.ask(User_Name="alice", User_Password=phone.code()).packet == "Access-Reject"
    record = AuthenticationRecord.objects.first()
    assert record
    assert "lock" in record.cause.lower()


def test_two_codes_typed_together_set_a_clock_right_and_bring_a_token_in_step(
    radius: FreeRadius, phone: Phone, make_user: Callable[..., User]
) -> None:
    ahead = Phone(phone.key, "alice", clock_seconds=1800)
    assert then(radius, ahead.code(), first(radius)).packet == "Access-Reject"
    assert then(radius, ahead.code(steps=1) + ahead.code(steps=2), first(radius)).packet == "Access-Accept"
    record = AuthenticationRecord.objects.first()
    assert record
    assert record.code == OATH_VERIFIED.code
    put()
    stock.assign(make_user("bob"), "1001", actor=make_user("operator"), reason="first day", now=timezone.now())
    asked = radius.ask(User_Name="bob", User_Password=PASSWORD)
    both = pressed(41) + pressed(42)
    assert radius.ask(User_Name="bob", User_Password=both, State=asked.state).packet == "Access-Accept"
    asked = radius.ask(User_Name="bob", User_Password=PASSWORD)
    assert radius.ask(User_Name="bob", User_Password=pressed(43), State=asked.state).packet == "Access-Accept"
