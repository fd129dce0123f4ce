"""Pages in German: its words are longer, and the narrowest window must hold them."""

from __future__ import annotations

from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import LONG_AGO, with_phone
from tests.browser.stage import Stage, give_app, give_recovery_codes


@scene("sign_in", "German")
def sign_in(stage: Stage) -> None:
    stage.open("/sign-in/")
    stage.press("Deutsch")
    stage.reads("Benutzername")


@scene("dashboard", "German")
def dashboard(stage: Stage) -> None:
    user = with_phone(language="de")
    give_app(user)
    give_recovery_codes(user)
    stage.let_in(user)
    stage.open("/")
    stage.reads("Wiederherstellungscodes")


@scene("sms:change", "German")
def number_understood(stage: Stage) -> None:
    stage.let_in(with_phone(language="de"))
    stage.open("/sms/change/")
    stage.type("Mobilnummer", "0151 999 888 77")
    stage.reads("Deutschland, Mobilfunk")


@scene("lost_phone", "German")
def lost_phone(stage: Stage) -> None:
    user = with_phone(language="de")
    give_app(user)
    stage.let_in(user)
    stage.open("/lost-phone/")


@scene("prove", "German")
def prove(stage: Stage) -> None:
    user = with_phone(language="de")
    give_app(user)
    stage.let_in(user, proved_ago=LONG_AGO)
    stage.open("/totp/add/")
