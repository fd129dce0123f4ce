"""Queries that every verification asks: put into SQL once for each kind of database, instead of at each use.

Django's compiler takes longer over such a query than the database does (0.3 ms beside 0.1 ms).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models import QuerySet

Row = TypeVar("Row", bound=models.Model)


class Compiled(Generic[Row]):
    """A query of whole rows, and of annotations where it has any. `build` makes it with any values at the places where
    `rows` puts its own, in the same order; it must hold no other values. `sql` may be written by hand instead, for
    what Django's queries cannot say; it then gives the columns of the query that `build` makes."""

    def __init__(self, build: Callable[[], QuerySet[Row]], *, sql: str = "") -> None:
        self._build = build
        self._sql = sql

    def rows(self, *values: Any) -> list[Row]:
        sql, read = self._statement
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return read(cursor.fetchall())

    def first(self, *values: Any) -> Row | None:
        return next(iter(self.rows(*values)), None)

    @cached_property
    def _statement(self) -> tuple[str, Callable[[list[Any]], list[Row]]]:
        queryset = self._build()
        query, model = queryset.query, queryset.model
        compiler = query.get_compiler(connection=connection)
        sql, _ = compiler.as_sql()
        extra = list(query.annotation_select)
        columns = [field.attname for field in model._meta.concrete_fields]
        converters = compiler.get_converters([column for column, *_ in compiler.select])

        def read(found: list[Any]) -> list[Row]:
            return [one(values) for values in compiler.apply_converters(found, converters)]

        def one(values: list[Any]) -> Row:
            row = model.from_db(connection.alias, columns, values[: len(columns)])
            row.__dict__.update(zip(extra, values[len(columns) :], strict=True))
            return row

        return self._sql or sql, read


class Writing(Generic[Row]):
    """Adds a row, or writes one that exists, with all its columns."""

    def __init__(self, model: type[Row]) -> None:
        self._model = model

    def add(self, row: Row) -> None:
        """As `save(force_insert=True)`, but that the row does not learn its key."""
        self._execute(self._insert, self._values(row))

    def replace(self, row: Row) -> None:
        """As `save(force_update=True)`; the caller holds the row's lock."""
        self._execute(self._update, [*self._values(row), row.pk])

    @cached_property
    def _fields(self) -> list[Any]:
        return [field for field in self._model._meta.concrete_fields if not field.primary_key]

    @cached_property
    def _insert(self) -> str:
        names = ", ".join(_quoted(field.column) for field in self._fields)
        places = ", ".join(["%s"] * len(self._fields))
        return f"INSERT INTO {_quoted(self._model._meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608  # own names

    @cached_property
    def _update(self) -> str:
        names = ", ".join(f"{_quoted(field.column)} = %s" for field in self._fields)
        return f"UPDATE {_quoted(self._model._meta.db_table)} SET {names} WHERE id = %s"  # noqa: S608  # own names

    def _values(self, row: Row) -> list[Any]:
        return [field.get_db_prep_save(field.pre_save(row, False), connection) for field in self._fields]

    def _execute(self, sql: str, values: list[Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
