"""Passkeys with the browser's own half of the ceremony: Chromium with a virtual authenticator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import override_settings
from playwright.sync_api import expect

from accounts.models import User
from mfa.models import AuthenticationRecord, Factor, Policy
from mfa.outcomes import PASSKEY_OUT_OF_TIME, PASSKEY_TOUCHED, PASSKEY_VERIFIED
from mfa.pages import ceremonies
from tests.browser.keyboard import press
from tests.browser.stage import Stage, give_app, give_passkey, passkey_of, person
from tests.stories.soft_key import SoftKey

LONG_AGO = timedelta(minutes=10)
ALONE = "Sign in with a passkey"


@pytest.fixture
def alice(portal: str) -> User:
    return person()


def says(stage: Stage, words: str) -> None:
    """The page tells it at once, aloud, and the button can be pressed again."""
    expect(stage.page.get_by_role("alert")).to_contain_text(words)


def latest() -> AuthenticationRecord:
    return AuthenticationRecord.objects.filter(kind="webauthn").latest("pk")


def test_a_passkey_is_set_up_by_keyboard_alone_as_the_first_factor(stage: Stage, alice: User) -> None:
    Policy.objects.create(user=alice, required=True)
    device = stage.authenticator()
    stage.hear_nothing_in_field()
    stage.give_password(alice)
    stage.heading_is("Protect your account")
    press(stage.page, "Passkey")
    press(stage.page, "Make a passkey")
    stage.heading_is("Make recovery codes")
    stage.reads("“Passkey” is set up.")
    [held] = device.keys
    assert held["rpId"] == "localhost"
    assert held["isResidentCredential"]
    assert Factor.objects.get(kind="webauthn").state["transports"] == ["internal"]
    assert not stage.seen.problems


def test_second_step_proof_and_test_are_one_press_each(stage: Stage, alice: User) -> None:
    key = give_passkey(alice)
    stage.authenticator(key)
    stage.hear_nothing_in_field()
    stage.give_password(alice)
    stage.press("Use a passkey")
    stage.heading_is("Your second factors")
    stage.open("/test/?way=webauthn")
    stage.press("Use a passkey")
    stage.reads("Right: “YubiKey 5 NFC” works.")
    stage.let_in(alice, proved_ago=LONG_AGO)
    stage.open(f"/webauthn/{passkey_of(alice).pk}/rename/")
    stage.heading_is("First, confirm that it is you")
    stage.press("Use a passkey")
    stage.heading_is("Rename the passkey")
    stage.type("Name", "Key ring")
    stage.press("Save the name")
    stage.reads("It is called “Key ring” now.")
    codes = list(AuthenticationRecord.objects.filter(kind="webauthn").values_list("code", flat=True))
    assert codes == [PASSKEY_VERIFIED.code] * 3
    assert not stage.seen.problems


def test_a_removed_passkey_opens_nothing(stage: Stage, alice: User) -> None:
    key = give_passkey(alice)
    give_app(alice)
    stage.authenticator(key)
    stage.let_in(alice)
    stage.open(f"/webauthn/{passkey_of(alice).pk}/remove/")
    stage.press("Remove the passkey")
    stage.reads("“YubiKey 5 NFC” is removed and no longer works here.")
    stage.hear_nothing_in_field()
    stage.page.context.clear_cookies()
    stage.open("/sign-in/")
    stage.press(ALONE)
    stage.reads("That passkey did not open an account here.")


def test_name_less_sign_in_is_one_press(stage: Stage, alice: User) -> None:
    stage.authenticator(give_passkey(alice))
    stage.hear_nothing_in_field()
    stage.open("/sign-in/?next=/history/")
    stage.press(ALONE)
    expect(stage.page).to_have_url(f"{stage.url}/history/")
    assert latest().code == PASSKEY_VERIFIED.code
    assert not stage.seen.problems


def test_the_user_names_field_offers_the_passkey_by_itself(stage: Stage, alice: User) -> None:
    stage.authenticator(give_passkey(alice))
    stage.open("/sign-in/")
    stage.heading_is("Your second factors")
    assert not stage.seen.problems


def test_without_finger_face_or_pin_the_browser_does_not_even_answer(stage: Stage, alice: User) -> None:
    device = stage.authenticator(give_passkey(alice))
    device.verify_nobody()
    stage.hear_nothing_in_field()
    stage.open("/sign-in/")
    stage.press(ALONE)
    says(stage, "It was cancelled, or took too long.")
    assert not AuthenticationRecord.objects.filter(kind="webauthn").exists()


def test_a_key_that_verifies_nobody_is_a_second_factor(stage: Stage, alice: User) -> None:
    """A security key without a PIN."""
    stage.authenticator(give_passkey(alice), hasUserVerification=False, isUserVerified=False, transport="usb")
    stage.hear_nothing_in_field()
    stage.give_password(alice)
    stage.press("Use a passkey")
    stage.heading_is("Your second factors")
    assert latest().code == PASSKEY_TOUCHED.code


def test_the_same_device_twice_is_told_in_words(stage: Stage, alice: User) -> None:
    stage.authenticator(give_passkey(alice))
    stage.let_in(alice)
    stage.open("/webauthn/add/")
    stage.press("Make a passkey")
    says(stage, "holds a passkey for your account already")


def test_another_address_of_the_portal_is_told_in_words(stage: Stage, alice: User) -> None:
    stage.authenticator()
    stage.let_in(alice)
    stage.open("/webauthn/add/")
    with override_settings(PUBLIC_URL="https://portal.example"):
        stage.press("Make a passkey")
        says(stage, "Passkeys work only at the portal's own address.")


def test_a_browser_without_passkeys_says_what_to_do(stage: Stage, alice: User) -> None:
    give_passkey(alice)
    give_app(alice)
    stage.page.add_init_script("delete window.PublicKeyCredential")
    stage.give_password(alice)
    stage.press("Use a passkey")
    says(stage, "This browser cannot use passkeys here.")
    stage.follow("Authenticator app")
    expect(stage.page.get_by_label("Code from your authenticator app")).to_be_visible()


def test_cancelled_once_it_works_the_next_time(stage: Stage, alice: User) -> None:
    stage.authenticator(give_passkey(alice))
    stage.hear_nothing_in_field()
    stage.give_password(alice)
    stage.page.evaluate("""() => {
      const ask = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = () => {
        navigator.credentials.get = ask;
        return Promise.reject(new DOMException("closed", "NotAllowedError"));
      };
    }""")
    stage.press("Use a passkey")
    says(stage, "It was cancelled, or took too long.")
    stage.press("Use a passkey")
    stage.heading_is("Your second factors")


def test_a_portal_that_does_not_answer_is_told_in_words(stage: Stage, alice: User) -> None:
    stage.let_in(alice)
    stage.open("/webauthn/add/")
    stage.page.route("**/webauthn/add/options/", lambda route: route.abort())
    stage.press("Make a passkey")
    says(stage, "The portal did not answer.")


def test_an_answer_that_came_too_late_says_so_and_the_next_one_counts(
    stage: Stage, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.authenticator(give_passkey(alice))
    stage.hear_nothing_in_field()
    stage.give_password(alice)
    with monkeypatch.context() as late:
        late.setattr(ceremonies, "LIFETIME", timedelta(0))
        stage.press("Use a passkey")
        stage.reads("That took too long, or was begun in another window. Try again.")
    assert latest().code == PASSKEY_OUT_OF_TIME.code
    stage.press("Use a passkey")
    stage.heading_is("Your second factors")


def test_the_proof_that_grew_old_on_the_page_is_asked_for_first(stage: Stage, alice: User) -> None:
    stage.authenticator()
    give_app(alice)
    stage.let_in(alice)
    stage.open("/webauthn/add/")
    stage.let_in(alice, proved_ago=LONG_AGO)
    stage.press("Make a passkey")
    stage.heading_is("First, confirm that it is you")


def test_without_javascript_the_page_says_what_is_needed(open_stage: Callable[..., Stage], alice: User) -> None:
    give_passkey(alice)
    give_app(alice)
    stage = open_stage(scripts=False)
    stage.open("/sign-in/")
    stage.press(ALONE)
    stage.reads("This needs JavaScript, which is off here or did not load. Choose another way.")
    stage.give_password(alice)
    stage.press("Use a passkey")
    stage.reads("This needs JavaScript, which is off here or did not load. Choose another way.")
    stage.follow("Authenticator app")
    expect(stage.page.get_by_label("Code from your authenticator app")).to_be_visible()


def test_a_copied_passkey_is_refused_in_words(stage: Stage, alice: User) -> None:
    key = give_passkey(alice, key=SoftKey(counter=40))
    key.counter = 3
    stage.authenticator(key)
    stage.hear_nothing_in_field()
    stage.give_password(alice)
    stage.press("Use a passkey")
    stage.reads("This passkey may have been copied, so it is refused.")
