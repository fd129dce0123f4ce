"""Many rows at once: COPY on PostgreSQL (ten times as fast as `bulk_create`), prepared statements on SQLite.

No signal, no model instance, no validation: whoever calls has made the rows right. Call inside a transaction. Rows are
written while they are made, so to make them must not take a question to the same connection.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models.expressions import RawSQL

Row = Sequence[Any]


def insert(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Row], *, skip_existing: bool = False
) -> None:
    """Add rows; `columns` must name every column that may not be NULL. Raises IntegrityError; with
    `skip_existing` a row that meets a unique constraint is left out instead of ending the transaction."""
    table, names = _quoted(model._meta.db_table), _names(columns)
    ending = " ON CONFLICT DO NOTHING" if skip_existing else ""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}){ending}", _adapted(rows))  # noqa: S608
        elif not skip_existing:
            _copy(cursor, table, names, rows)
        else:
            _stage(cursor, table, names, rows)
            cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM staged{ending}")  # noqa: S608
            cursor.execute("DROP TABLE staged")


def reserve(model: type[models.Model], count: int) -> list[int] | None:
    """Primary keys that nobody else will get; None where the database gives them out with the row only."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        named = [model._meta.db_table, "id"]
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)", [*named, count])
        return [key for (key,) in cursor.fetchall()]


def among(values: Sequence[Any]) -> RawSQL:
    """Whole numbers, or texts, as a table in one parameter: `filter(pk__in=among(keys))`. Thousands of parameters cost
    more than the search. At least one: PostgreSQL compares no numbers with the texts that none would be taken for."""
    if connection.vendor != "postgresql":
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(values)])
    kind = "bigint" if values and isinstance(values[0], int) else "text"
    question = f"SELECT found::{kind} FROM jsonb_array_elements_text(%s::jsonb) AS found"  # noqa: S608  # one of two
    return RawSQL(question, [json.dumps(values)])  # noqa: S611  # nothing of a caller's is in it


def update(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Set `columns` of existing rows; each row is its primary key, then the values in the order of `columns`."""
    table = _quoted(model._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            sets = ", ".join(f"{_quoted(column)} = %s" for column in columns)
            turned = [[*values[1:], values[0]] for values in _adapted(rows)]
            cursor.executemany(f"UPDATE {table} SET {sets} WHERE id = %s", turned)  # noqa: S608
        else:
            sets = ", ".join(f"{_quoted(column)} = staged.{_quoted(column)}" for column in columns)
            _stage(cursor, table, f"id, {_names(columns)}", rows)
            cursor.execute(f"UPDATE {table} SET {sets} FROM staged WHERE {table}.id = staged.id")  # noqa: S608
            cursor.execute("DROP TABLE staged")


def _stage(cursor: Any, table: str, names: str, rows: Iterable[Row]) -> None:
    cursor.execute(
        f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"  # noqa: S608
    )
    _copy(cursor, "staged", names, rows)


def _copy(cursor: Any, table: str, names: str, rows: Iterable[Row]) -> None:
    with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _adapted(rows: Iterable[Row]) -> list[list[Any]]:
    adapt = connection.ops.adapt_datetimefield_value
    return [[adapt(value) if isinstance(value, datetime) else value for value in row] for row in rows]


def _names(columns: Iterable[str]) -> str:
    return ", ".join(_quoted(column) for column in columns)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
