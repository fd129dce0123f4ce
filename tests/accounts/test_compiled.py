from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.compiled import Compiled, Writing
from accounts.models import User
from mfa.models import Factor, GuessCounter
from tests.mfa.sample_kind import give


def test_rows_are_those_that_django_reads_with_every_column_in_its_type(alice: User) -> None:
    made = give(alice, state={"last": 7})
    compiled = Compiled(lambda: Factor.objects.filter(user=1).annotate(name_of_person=F("user__username")))
    (row,) = compiled.rows(alice.pk)
    known = Factor.objects.get(pk=made.pk)
    assert {f.attname: getattr(row, f.attname) for f in Factor._meta.concrete_fields} == {
        f.attname: getattr(known, f.attname) for f in Factor._meta.concrete_fields
    }
    assert row.name_of_person == "alice"
    assert compiled.first(alice.pk + 1) is None


def test_the_compiler_is_asked_once_and_the_database_each_time(alice: User, make_user: Callable[..., User]) -> None:
    compiled = Compiled(lambda: User.objects.filter(username="x"))
    make_user("bob")
    with CaptureQueriesContext(connection) as asked:
        assert [compiled.first(name).pk for name in ("alice", "bob", "alice")]  # type: ignore[union-attr]
    assert len(asked) == 3


def test_a_row_is_added_and_replaced_with_all_its_columns(alice: User) -> None:
    writing = Writing(GuessCounter)
    writing.add(GuessCounter(subject="user:7", failures={"totp": [2, 5.5]}))
    row = GuessCounter.objects.get()
    assert row.failures == {"totp": [2, 5.5]}
    first = row.updated_at
    row.failures = {}
    writing.replace(row)
    row.refresh_from_db()
    assert row.failures == {}
    assert row.updated_at > first
