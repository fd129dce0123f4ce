"""Rows that somebody broke by hand or a disk did: that factor is refused, every page and everybody else goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.kinds import Answer, Purpose
from mfa.models import AuthenticationRecord, Factor, Preference
from mfa.verification.service import Attempt, Verdict, verify
from tests.mfa.doors import SECRET, add_factor, sign_in
from tests.stories.authenticator import Phone

PAGES = ("/", "/history/", "/test/", "/lost-phone/", "/sessions/", "/recovery/", "/why/")
BROKEN: dict[str, dict[str, object]] = {
    "a seed that no key opens": {"secret": "gone:AAAA"},
    "no seed": {"secret": ""},
    "no memory": {"state": {}},
    "a memory of another shape": {"state": ["last_step"]},
    "a memory that is none": {"state": None},
    "a memory of other types": {"state": {"last_step": "now", "drift": [], "left": "many", "digits": None}},
    "a kind that is nobody's": {"kind": "telepathy"},
}
KINDS = ("totp", "motp", "recovery", "webauthn", "token", "email", "sms", "temporary")


def damage(user: User, kind: str, columns: dict[str, object]) -> Factor:
    factor = add_factor(user, kind=kind, name=f"Broken {kind}", state={})
    if columns.get("state", "") is None:
        columns = {"state": 0}
    Factor.objects.filter(pk=factor.pk).update(**columns)
    return factor


def judge(user: User, text: str) -> Verdict:
    attempt = Attempt(user, Answer(text, Purpose.SIGN_IN), "portal", "192.0.2.7")
    return verify(attempt, now=timezone.now())


@pytest.mark.row("F-17")
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_row_is_refused_and_neither_pages_nor_other_factors_notice(
    what: str, alice: User, staff: Callable[..., Client]
) -> None:
    whole = add_factor(alice, name="Whole", state={"algorithm": "SHA1", "digits": 6, "period": 30})
    broken = [damage(alice, kind, BROKEN[what]) for kind in KINDS]
    Preference.objects.create(user=alice, kind=broken[0].kind, key=broken[0].key)
    own = Client(headers={"host": "portal.test"})
    own.raise_request_exception = False
    sign_in(own, alice, whole)
    assert {path: own.get(path, secure=True).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)
    desk = staff("helpdesk")
    desk.raise_request_exception = False
    for path in ("/admin/accounts/user/", f"/admin/accounts/user/{alice.pk}/change/"):
        assert desk.get(path, secure=True).status_code == 200, path
    for text in ("000000", "a1b2c3", "AAAA-AAAA-AAAA-AAAA"):
        assert not judge(alice, text).accepted
    assert judge(alice, Phone(SECRET, "alice").code()).accepted
    assert AuthenticationRecord.objects.filter(user=alice, accepted=True).count() == 1
