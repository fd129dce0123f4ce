"""What is written into messages, and what stays out of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import User
from mfa import budgets
from mfa.delivery import outbox, writing
from mfa.models import Delivery
from tests.mfa.delivery.messages import queued_mail, queued_sms

TEMPLATES = Path(django_settings.BASE_DIR) / "templates"
CONTEXT: dict[str, object] = {
    "code": "123456", "label": "Authenticator app", "name": "Work & home", "kind": "", "left": 4, "by": "directory",
    "old": "+49 *** **67", "new": "+49 *** **89", "undo_url": "https://portal.test/undo/",
    "undo_until": datetime(2026, 3, 5, 12, 3, tzinfo=UTC), "until": datetime(2026, 3, 3, 9, 31, tzinfo=UTC),
    "refuse_url": "https://portal.test/sms/refuse/", "trouble": "a run failed", "told_by_run": ["It was busy."],
    "page_url": "https://portal.test/admin/accounts/syncrun/7/change/", "words": "A rule ends.", "asked_by": "Bob",
    "browser": "Firefox", "system": "Linux", "address": "203.0.113.9",
}  # fmt: skip
TO_ADMINS = {
    "messages-in-trouble", "runs-in-trouble", "runs-well-again", "part-in-trouble", "helpdesk-stopped",
    "approved-at-shell",
}  # fmt: skip
"""About the portal itself, to mailboxes alone."""
ON_THE_FIRST_PAGE = {"second-factor-wanted", "approval-wanted", "approval-decided", "exemption-ends"}
"""Reminders of what its reader meets on the own page or in the admin all the same; no SMS is paid for them."""
TESTS = {"test-message"}
"""To an address that is nobody's in particular."""
READ_ALOUD = {"caller-code"}
"""Nobody types it, so no browser fills it in: it is read to helpdesk by whoever called."""
CODES = {"code", "confirm-email"}
"""A code comes first, for the preview on a locked phone, and last, for the browser that fills it in."""


def names(channel: str) -> list[str]:
    return sorted(path.stem for path in (TEMPLATES / channel).glob("[!_]*.txt"))


@pytest.mark.parametrize("name", sorted(set(names("mail")) - CODES - TESTS - READ_ALOUD))
def test_every_mail_says_what_happened_and_what_to_do(alice: User, now: datetime, name: str) -> None:
    letter = outbox.queue_mail(alice, alice.email, name, CONTEXT | {"at": now}, now=now)
    text = outbox.read(letter)
    assert 10 < len(letter.subject) < 70
    assert text.startswith("Hello Alice Sample,")
    assert "helpdesk@portal.test" in text or "change it" in text
    assert text.endswith("https://portal.test")
    assert not any(mark in letter.subject + text for mark in ("{", "&amp;", "&#", "None", "\n\n\n"))


def test_every_message_that_carries_a_code_is_known_as_one() -> None:
    """To the check of a number's risk, to the lists of messages, and to whoever reads why a person cannot sign in."""
    files = [path for way in ("sms", "mail") for path in (TEMPLATES / way).glob("[!_]*.txt")]
    assert {path.stem for path in files if "{{ code" in path.read_text(encoding="utf-8")} == outbox.CODES
    assert budgets.PAID_FOR < outbox.CODES


@pytest.mark.parametrize("name", names("sms"))
def test_every_sms_is_short(alice: User, now: datetime, name: str) -> None:
    text = outbox.read(outbox.queue_sms(alice, "+491701234567", name, CONTEXT, now=now, worth_until=now))
    assert len(text) <= 320
    assert not any(mark in text for mark in ("{", "&amp;", "&#", "None"))


@pytest.mark.parametrize(
    ("given", "told"), [("Work", "Authenticator app (Work) can no longer"), ("", "Authenticator app can no longer")]
)
def test_a_mail_names_the_factor_in_a_whole_sentence(alice: User, now: datetime, given: str, told: str) -> None:
    context = CONTEXT | {"name": given}
    assert told in outbox.read(outbox.queue_mail(alice, alice.email, "factor-removed", context, now=now))


def test_every_mail_has_an_sms_for_people_without_a_mailbox() -> None:
    assert set(names("mail")) - TO_ADMINS - ON_THE_FIRST_PAGE - CODES <= set(names("sms"))


@pytest.mark.row("T-65")
@pytest.mark.parametrize("name", ["code", "confirm-phone"])
def test_the_code_is_bound_to_the_portal_by_the_last_line(alice: User, now: datetime, name: str) -> None:
    text = outbox.read(outbox.queue_sms(alice, "+491701234567", name, {"code": "012345"}, now=now, worth_until=now))
    assert text.splitlines()[-1] == "@portal.test #012345"


@pytest.mark.row("T-65")
@pytest.mark.parametrize("name", sorted(CODES))
def test_a_code_by_mail_comes_first_and_last_and_not_in_the_subject(alice: User, now: datetime, name: str) -> None:
    letter = outbox.queue_mail(alice, alice.email, name, {"code": "012345", "minutes": 10}, now=now)
    text = outbox.read(letter)
    assert "012345" not in letter.subject
    assert text.startswith("012345 ")
    assert "It works for 10 minutes." in text
    assert "change it" in text
    assert text.splitlines()[-1] == "@portal.test #012345"


@pytest.mark.row("T-26")
def test_links_come_from_the_configured_address(alice: User, now: datetime, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://2fa.organisation.test"
    assert "https://2fa.organisation.test" in outbox.read(queued_mail(alice, now=now))


@pytest.mark.row("T-65")
@pytest.mark.parametrize(
    "name",
    [
        "Click http://evil.test/now",
        "see www.evil.test",
        "x\r\nBcc: victim@example.test",
        "x\n\n@evil.test #000000",
        "x\u2028y\u202ez\x01",
        "long " * 100,
    ],
)
def test_names_bring_no_link_no_line_and_no_control_character(db: None, now: datetime, name: str) -> None:
    user = User(username="mallory", name=name[:200], email="mallory@example.test")
    user.save()
    letter = queued_mail(user, now=now, name=name)
    text = outbox.read(letter)
    assert "evil.test/" not in text
    assert "www." not in text
    assert not any(line.startswith(("Bcc:", "@evil")) for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 300
    assert not any(mark in text for mark in ("\r", "\u2028", "\u202e", "\x01"))
    assert "\n" not in letter.subject


@pytest.mark.row("T-65")
def test_markup_in_names_stays_text_and_is_not_run(alice: User, now: datetime) -> None:
    text = outbox.read(queued_mail(alice, now=now, name="{{ portal_url }} {% now 'Y' %} <b>"))
    assert "{{ portal_url }} {% now 'Y' %} <b>" in text


def test_neither_code_nor_text_is_in_the_table(alice: User, now: datetime) -> None:
    queued_sms(alice, now=now, code="918273")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mfa_delivery")
        assert "918273" not in str(cursor.fetchall())


def test_one_wake_up_for_many_messages(
    alice: User, now: datetime, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    until = now + timedelta(days=1)
    many = [outbox.sms(alice, "+491701234567", "factor-added", CONTEXT, now=now, worth_until=until) for _ in range(50)]
    with django_capture_on_commit_callbacks() as callbacks:
        outbox.queue_many(many)
    assert len(callbacks) == 1
    assert Delivery.objects.count() == 50


def test_one_line_folds_white_space() -> None:
    assert writing.one_line(" a\r\n\tb\u2028c\u00a0 d ") == "a b c d"
