from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts import compiled
from accounts.compiled import Compiled
from accounts.models import User
from mfa.models import Factor, GuessCounter
from portal import parse
from tests.mfa.sample_kind import give


def test_rows_are_those_that_django_reads_with_every_column_in_its_type(alice: User) -> None:
    made = give(alice, state={"last": 7})
    query = Compiled(lambda: Factor.objects.filter(user=1).annotate(name_of_person=F("user__username")))
    (row,) = query.rows(alice.pk)
    known = Factor.objects.get(pk=made.pk)
    assert {f.attname: getattr(row, f.attname) for f in Factor._meta.concrete_fields} == {
        f.attname: getattr(known, f.attname) for f in Factor._meta.concrete_fields
    }
    assert row.name_of_person == "alice"
    assert query.first(alice.pk + 1) is None


def test_the_compiler_is_asked_once_and_the_database_each_time(alice: User, make_user: Callable[..., User]) -> None:
    query = Compiled(lambda: User.objects.filter(username="x"))
    make_user("bob")
    with CaptureQueriesContext(connection) as asked:
        assert [query.first(name).pk for name in ("alice", "bob", "alice")]  # type: ignore[union-attr]
    assert len(asked) == 3


def test_a_row_is_added_and_replaced_with_all_its_columns(alice: User) -> None:
    compiled.add(GuessCounter(subject="user:7", failures={"totp": [2, 5.5]}))
    row = GuessCounter.objects.get()
    assert row.failures == {"totp": [2, 5.5]}
    first = row.updated_at
    row.failures = {}
    compiled.replace(row)
    row.refresh_from_db()
    assert row.failures == {}
    assert row.updated_at > first


def test_rows_are_written_together_at_the_end_and_each_as_it_is_then(alice: User) -> None:
    compiled.add(GuessCounter(subject="user:7"))
    row = GuessCounter.objects.get()
    with CaptureQueriesContext(connection) as asked, compiled.together():
        for count in (1, 2):
            row.failures = {"totp": [count, 5.5]}
            compiled.replace(row)
        with compiled.together():
            compiled.add(GuessCounter(subject="user:8"))
            compiled.add(GuessCounter(subject="user:9"))
        assert not written(asked)
    assert len(written(asked)) == (1 if connection.vendor == "postgresql" else 3)
    assert list(GuessCounter.objects.order_by("subject").values_list("subject", "failures")) == [
        ("user:7", {"totp": [2, 5.5]}), ("user:8", {}), ("user:9", {}),
    ]  # fmt: skip


def written(asked: CaptureQueriesContext) -> list[str]:
    return [one["sql"] for one in asked.captured_queries if "mfa_guesscounter" in one["sql"]]


def test_of_rows_written_together_none_is_there_where_one_cannot_be(alice: User) -> None:
    compiled.add(GuessCounter(subject="user:7"))

    def add_two() -> None:
        with compiled.together():
            compiled.add(GuessCounter(subject="user:8"))
            compiled.add(GuessCounter(subject="user:7"))

    with pytest.raises(IntegrityError):
        add_two()
    assert GuessCounter.objects.count() == 1


def test_nothing_is_written_after_an_error_nor_kept_for_the_next(alice: User) -> None:
    def fail() -> None:
        with compiled.together():
            compiled.add(GuessCounter(subject="user:7"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with compiled.together():
        compiled.add(GuessCounter(subject="user:8"))
    assert [row.subject for row in GuessCounter.objects.all()] == ["user:8"]


def test_a_part_that_failed_ends_the_whole_even_where_somebody_hides_its_error(alice: User) -> None:
    def hide() -> None:
        with compiled.together(), contextlib.suppress(ZeroDivisionError), compiled.together():
            compiled.add(GuessCounter(subject="user:7"))
            raise ZeroDivisionError

    with pytest.raises(transaction.TransactionManagementError):
        hide()
    assert not GuessCounter.objects.exists()


def test_postgresql_plans_a_statement_once_for_each_connection(alice: User) -> None:
    if connection.vendor != "postgresql":
        return
    query = Compiled(lambda: User.objects.filter(username="x"))
    for name in ("alice", "bob", "carol"):
        query.first(name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%username%%= $1%%'")
        assert cursor.fetchone()[0] == 1


def test_behind_a_pooler_that_keeps_no_session_nothing_is_planned_that_another_session_would_miss(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        return
    kept = parse.database("postgres://db/portal?pooling=transaction")["OPTIONS"]
    monkeypatch.setattr(connection.connection, "prepare_threshold", kept["prepare_threshold"])
    query = Compiled(lambda: User.objects.filter(language="x", username="y"))
    for _ in range(3):
        assert query.first(alice.language, "alice") == alice
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%language%%= $1%%'")
        assert cursor.fetchone()[0] == 0
