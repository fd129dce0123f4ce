"""The pages of passkeys, and those that ask for one."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from accounts.models import User
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, give_app, give_passkey, passkey_of, person

DECLINE = """() => {
  const decline = () => Promise.reject(new DOMException("declined", "NotAllowedError"));
  navigator.credentials.get = navigator.credentials.create = decline;
}"""
"""As when somebody closes the browser's own window; no page can make a browser do that."""


def with_passkey(stage: Stage) -> User:
    user = person()
    give_passkey(user)
    stage.let_in(user)
    return user


def open_own(stage: Stage, view: str) -> None:
    stage.open(reverse(view, args=[passkey_of(with_passkey(stage)).pk]))


def decline(stage: Stage, button: str) -> None:
    stage.page.evaluate(DECLINE)
    stage.press(button)
    stage.page.get_by_role("alert").wait_for()


@scene("webauthn:add", "start")
def add(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/webauthn/add/")


@scene("webauthn:add", "cancelled")
def add_cancelled(stage: Stage) -> None:
    add(stage)
    decline(stage, "Make a passkey")


@scene("webauthn:add", "answer refused")
def add_refused(stage: Stage) -> None:
    add(stage)
    answer_with_nonsense(stage)
    stage.reads("That took too long")


@scene("test", "passkey")
def test(stage: Stage) -> None:
    with_passkey(stage)
    stage.open("/test/?way=webauthn")


@scene("webauthn:rename", "start")
def rename(stage: Stage) -> None:
    open_own(stage, "webauthn:rename")


@scene("webauthn:rename", "name missing")
def rename_nameless(stage: Stage) -> None:
    rename(stage)
    stage.type("Name", "")
    stage.press("Save the name")
    stage.page.locator(".field-error").wait_for()


@scene("webauthn:remove", "last factor")
def remove(stage: Stage) -> None:
    open_own(stage, "webauthn:remove")


@scene("dashboard", "passkey")
def dashboard(stage: Stage) -> None:
    with_passkey(stage)
    stage.open("/")


@scene("sign_in", "passkey refused")
def sign_in_refused(stage: Stage) -> None:
    stage.open("/sign-in/")
    answer_with_nonsense(stage)
    stage.reads("That passkey did not open an account here.")


@scene("second_step", "passkey")
def second_step(stage: Stage) -> None:
    user = person()
    give_passkey(user)
    give_app(user)
    stage.give_password(user)
    stage.heading_is("Confirm that it is you")


@scene("second_step", "passkey declined")
def second_step_declined(stage: Stage) -> None:
    second_step(stage)
    decline(stage, "Use a passkey")


@scene("second_step", "passkey refused")
def second_step_refused(stage: Stage) -> None:
    second_step(stage)
    answer_with_nonsense(stage)
    stage.reads("That passkey does not belong to this account.")


@scene("prove", "passkey")
def prove(stage: Stage) -> None:
    user = person()
    give_passkey(user)
    stage.let_in(user, proved_ago=timedelta(minutes=10))
    stage.open("/webauthn/add/")


def answer_with_nonsense(stage: Stage) -> None:
    """What a script could send that is not the portal's."""
    with stage.page.expect_navigation():
        stage.page.evaluate("""() => {
          const form = document.querySelector("form[data-passkey]");
          form.elements.code.value = "{}";
          form.requestSubmit();
        }""")
