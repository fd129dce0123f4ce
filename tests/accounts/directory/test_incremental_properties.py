"""Whatever a directory goes through, a run of what changed ends where a run of everybody would have ended."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from accounts.directory import configuration
from accounts.directory.drafts import Policy
from accounts.directory.known import LEFT
from accounts.models import SyncRun, User
from accounts.people import Person
from tests.accounts.directory.places import known_people, run
from tests.accounts.directory.pretended import Account, Kind, Pretended
from tests.accounts.directory.samples import MOBILE, OTHER, THIRD, plan_of, written

pytestmark = pytest.mark.django_db
IDS = [f"{digit * 8}-0000-4000-8000-000000000000" for digit in "12345"]
STEADY = "99999999-0000-4000-8000-000000000000"
"""Somebody always there, so that no guard takes the directory for a broken one."""
NAMES = ["alice", "bob", "carol", "dave", "alice~11111111", ""]
NUMBERS = [MOBILE, OTHER, THIRD, "junk"]

Act = tuple[str, str, str, tuple[str, ...]]
numbers = st.lists(st.sampled_from(NUMBERS), max_size=2).map(tuple)
accounts = st.builds(
    Account, st.sampled_from(NAMES), numbers, st.sampled_from([True, True, False]), st.sampled_from([True, True, False])
)
beginnings = st.fixed_dictionaries(dict.fromkeys(IDS[:4], accounts))
acts = st.tuples(
    st.sampled_from(["add", "rename", "renumber", "disable", "enable", "out", "in", "delete", "again", "swap"]),
    st.sampled_from(IDS), st.sampled_from(NAMES), numbers,
)  # fmt: skip
events = st.sampled_from(["", "", "", "", "", "", "forget", "another", "stop"])
steps = st.tuples(st.lists(acts, min_size=1, max_size=3), events)


@pytest.mark.parametrize("kind", ["told", "stamped", "numbered"])
@given(
    beginning=beginnings,
    history=st.lists(steps, min_size=2, max_size=6),
    sharing=st.sampled_from(["allow", "warn", "refuse"]),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)  # fmt: skip
def test_incremental_runs_end_where_full_runs_end(
    kind: Kind, beginning: dict[str, Account], history: list[tuple[list[Act], str]], sharing: str
) -> None:
    directory = Pretended(kind, {STEADY: Account("erin"), **copy.deepcopy(beginning)})
    with undone(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.PHONE_SHARED", sharing)
        User.objects.create_user("dave", phone=THIRD)
        people = one_step(directory, "", known_people())
        for edits, event in history:
            for act in edits:
                carry_out(directory, act)
            people = one_step(directory, event, people)
            assert states(known_people()) == states(people)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """What is written inside is gone afterwards: the next example begins with nobody."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def one_step(directory: Pretended, event: str, people: list[Person]) -> list[Person]:
    """An incremental run of the portal; what a full run makes of everybody."""
    if event == "forget":
        directory.forget_log()
    if event == "another":
        directory.become_another()
    if event == "stop":
        run(directory, mode=SyncRun.Mode.INCREMENTAL, dry_run=True)
        SyncRun.objects.create(trigger="shell", state="failed", mode="incremental")
    done = run(directory, mode=SyncRun.Mode.INCREMENTAL)
    assert done.state == SyncRun.State.DONE, done.message
    plan = plan_of([*directory.records().values()], people, rules=configuration.rules(), policy=policy())
    return written(plan, people)


def policy() -> Policy:
    return configuration.policy(timezone.now())


def carry_out(directory: Pretended, act: Act) -> None:
    what, key, name, mobile = act
    account = directory.accounts.get(key)
    if what == "add" and account is None:
        directory.write(key, Account(name, mobile))
    elif what == "again" and account is not None:
        directory.delete(key)
        directory.write(IDS[(IDS.index(key) + 1) % len(IDS)], Account(account.username, mobile))
    elif what == "swap" and account is not None:
        other = IDS[(IDS.index(key) + 1) % len(IDS)]
        if there := directory.accounts.get(other):
            directory.write(key, replace(account, username=there.username))
            directory.write(other, replace(there, username=account.username))
    elif what == "delete":
        directory.delete(key)
    elif account is not None:
        edits: dict[str, dict[str, Any]] = {
            "rename": {"username": name}, "renumber": {"mobile": mobile}, "disable": {"enabled": False},
            "enable": {"enabled": True}, "out": {"inside": False}, "in": {"inside": True},
        }  # fmt: skip
        directory.write(key, replace(account, **edits.get(what, {})))


def states(people: list[Person]) -> list[Person]:
    """Everybody, without the notes by which a run knows what to look at again."""
    plain = [
        who._replace(pk=0, directory_fingerprint=LEFT if who.directory_fingerprint == LEFT else "") for who in people
    ]
    return sorted(plain, key=lambda who: (who.username, who.directory_id))
