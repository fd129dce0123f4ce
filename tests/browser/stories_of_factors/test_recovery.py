"""The life of recovery codes: ten on paper, beside a factor that is used every day."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from mfa.models import Rule
from tests.browser.stage import give_app
from tests.browser.stories_of_factors.life import Life
from tests.stories.acting import code_of

LABEL = "Recovery codes"
CODE = "One of your recovery codes"
APP_CODE = "Code from your authenticator app"


@pytest.fixture
def phone(life: Life) -> bytes:
    """An authenticator app; codes on paper are nobody's only factor."""
    return give_app(life.user, name="Work phone")


def test_the_life_of_recovery_codes(life: Life, phone: bytes) -> None:
    life.walk.give_password(life.user)
    life.walk.send(APP_CODE, code_of(phone))
    paper = enrols(life)
    uses(life, paper)
    tries(life)
    renames(life)
    replaces(life, paper)
    removes(life, phone)
    new_paper = loses(life, phone)
    is_reset(life, new_paper)


def enrols(life: Life) -> list[str]:
    life.walk.press("Make recovery codes")
    paper = writes_down(life)
    life.walk.heading_is("You are set up")
    life.walk.press("To the overview")
    return paper


def writes_down(life: Life) -> list[str]:
    """Shown once, and they count when one was typed back."""
    life.walk.press("Show the codes")
    paper = life.walk.stage.page.locator("#recovery-codes li").all_inner_texts()
    life.walk.send("Type one of the codes", paper[3])
    return paper


def uses(life: Life, paper: list[str]) -> None:
    walk = life.walk
    life.comes_back()
    walk.press("Recovery codes")
    walk.send(CODE, paper[0])
    expect(walk.card(LABEL)).to_contain_text("9")
    assert life.was_told("recovery-used")
    assert not life.opens(paper[0], "recovery"), "each works once"


def tries(life: Life) -> None:
    """No test: it would use one up. And no name: there is one set."""
    life.walk.can_do(LABEL, "Make new codes", "Remove")


renames = tries


def replaces(life: Life, paper: list[str]) -> None:
    life.walk.press("Make new codes – ")
    life.walk.reads("You have 9 codes left. They work until you have confirmed the new ones.")
    new_paper = writes_down(life)
    life.walk.reads("Your new recovery codes are set up. The old ones no longer work.")
    assert not life.opens(paper[1], "recovery")
    assert life.opens(new_paper[1], "recovery")


def removes(life: Life, phone: bytes) -> None:
    """By a session that has shown the app: kept where a rule asks for them, and given up without one."""
    walk = life.walk
    life.wait()
    life.comes_back()
    walk.send(APP_CODE, code_of(phone))
    rule = Rule.objects.create(name="Way back", starts_on=date(2020, 1, 1), grace_days=0, factors=0, backup=True)
    walk.go_home()
    walk.press("Remove – Recovery codes")
    walk.reads("This has to stay")
    walk.has_no_button("Remove the codes")
    walk.press("Back without a change")
    Rule.objects.filter(pk=rule.pk).update(ended_at=timezone.now())
    walk.press("Remove – Recovery codes")
    walk.press("Remove the codes")
    walk.reads("Your recovery codes are removed. None of them works any longer.")
    walk.has_cards(LABEL, 0)


def loses(life: Life, phone: bytes) -> list[str]:
    """Lost paper is made worthless by new codes; and lost with the phone they are no way back of it."""
    walk = life.walk
    paper = enrols(life)
    walk.press("Make new codes – ")
    new_paper = writes_down(life)
    assert not life.opens(paper[5], "recovery")
    walk.press("I lost my phone")
    expect(walk.stage.page.get_by_role("checkbox")).to_have_count(1)
    walk.press("Suspend these")
    walk.reads("Recovery codes")
    life.wait()
    assert not life.opens(code_of(phone), "totp")
    assert life.opens(new_paper[6], "recovery")
    return new_paper


def is_reset(life: Life, paper: list[str]) -> None:
    life.is_reset_by_two()
    assert not life.opens(paper[7], "recovery")
    life.password_alone_enrols_nothing()
