"""The break-glass command: works when nobody can get in, says what it did, and leaves a trace."""

from __future__ import annotations

import io
import os
import pwd
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from mfa import codes, holdings, limits, policy
from mfa.factors.activation import flows
from mfa.models import AuditEvent, Delivery, Factor, GuessCounter
from tests.mfa.doors import add_factor, give_role


def breakglass(*arguments: str) -> tuple[str, str]:
    """What it wrote to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command("breakglass", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.row("T-13")
def test_it_lets_a_locked_admin_in_again(alice: User) -> None:
    admin = give_role(alice, "admin")
    add_factor(admin, disabled_at=timezone.now())
    GuessCounter.objects.create(subject=limits.of_account(admin), failures={"totp": [100, timezone.now().timestamp()]})
    GuessCounter.objects.create(subject=f"password:{admin.pk}:203.0.113.9", failures={"password": [9, 0]})
    out, _err = breakglass("alice", "--reason", "all admins locked out, ticket 7")
    assert not any(GuessCounter.objects.values_list("failures", flat=True))
    assert not Factor.objects.filter(user=admin).exists()
    assert policy.of(admin, now=timezone.now()).activation_only
    assert flows.redeem(admin, out.strip(), address="", now=timezone.now())


@pytest.mark.row("T-13")
def test_the_code_is_the_only_thing_on_stdout_and_nowhere_else(alice: User) -> None:
    out, err = breakglass("alice", "--reason", "lost phone")
    code = out.strip()
    assert len(code) == 14
    assert set(code) - {"-"} <= set(codes.UNAMBIGUOUS)
    assert code not in err
    assert code not in str([vars(event) for event in AuditEvent.objects.all()])


@pytest.mark.row("T-13")
def test_it_is_audited_with_the_account_at_the_shell(alice: User) -> None:
    breakglass("alice", "--reason", "lost phone")
    event = AuditEvent.objects.get(action="breakglass.used")
    assert (event.username, event.reason, event.actor) == ("alice", "lost phone", None)
    assert event.details["os_user"] == pwd.getpwuid(os.getuid()).pw_name
    assert event.details["host"]
    assert Delivery.objects.filter(template="factors-reset").exists(), "the person is told"


def test_sessions_end(alice: User) -> None:
    before = alice.security_epoch
    breakglass("alice", "--reason", "lost phone")
    alice.refresh_from_db()
    assert alice.security_epoch > before


def test_one_kind_alone_leaves_the_other_factors_and_needs_no_code(alice: User, sample_kinds: None) -> None:
    from mfa import kinds

    first, second = list(kinds.registry())
    add_factor(alice, kind=first)
    add_factor(alice, kind=second)
    out, err = breakglass("alice", "--reason", "lost phone", "--kind", first)
    assert out == ""
    assert "another factor still works" in err
    assert [factor.kind for factor in holdings.usable(alice, now=timezone.now() + timedelta(seconds=1))] == [second]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody", "--reason", "x"], "There is nobody with the user name 'nobody'"),
        (["alice", "--reason", "  "], "--reason must say why"),
        (["alice", "--reason", "x" * 501], "--reason must say why"),
        (["alice"], "--reason"),
        (["alice", "--reason", "x", "--kind", "carrier-pigeon"], "--kind must be one of"),
        (["alice", "--reason", "x", "--kind", "totp"], "has no factor of the kind totp"),
        (["gone", "--reason", "x"], "is deactivated"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_changes_nothing(alice: User, arguments: list[str], words: str) -> None:
    User.objects.create_user("gone", is_active=False)
    with pytest.raises(CommandError, match=words.replace("(", r"\(")):
        breakglass(*arguments)
    assert not AuditEvent.objects.exists()
    assert not Factor.objects.exists()


def test_any_spelling_of_the_user_name_is_understood(alice: User) -> None:
    assert breakglass(" ALICE ", "--reason", "lost phone")[0]
