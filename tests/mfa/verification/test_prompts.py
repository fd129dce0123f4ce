from __future__ import annotations

from django.conf import settings
from django.utils.translation import override

from accounts.models import User
from mfa import kinds
from mfa.api import radius
from mfa.kinds import Answers
from mfa.models import Factor
from mfa.verification import prompts


def test_every_question_fits_a_reply_message_whole_in_every_language(alice: User) -> None:
    alice.phone = "+4915112345678"
    typed = [kind for kind in kinds.registry().values() if kind.answers is Answers.CODE]
    for language, _ in settings.LANGUAGES:
        alice.language = language
        for kind in typed:
            words = prompts.ask(Factor(user=alice, kind=kind.slug), [other for other in typed if other is not kind])
            assert radius.plain(words) == words


def test_a_question_speaks_the_persons_language_and_a_refusal_everybodys(alice: User) -> None:
    factor, refused = Factor(user=alice, kind="totp"), prompts.refused()
    english = prompts.ask(factor, [])
    alice.language = "de"
    assert prompts.ask(factor, []) != english
    with override("de"):  # as an earlier request may have left the thread
        assert prompts.refused() == refused


def test_control_characters_and_what_is_too_long_stay_out_of_an_attribute() -> None:
    assert radius.plain("one\ntwo\x1b[31m") == "one two [31m"
    assert radius.plain("ж" * 200) == "ж" * 126
