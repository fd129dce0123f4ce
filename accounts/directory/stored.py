"""Everybody in the database, as `known.Known` asks: no model instances, and never all columns of everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Coalesce

from accounts import bulk
from accounts.directory.known import LEFT, Totals
from accounts.models import User
from accounts.people import COLUMNS, Person
from accounts.portions import portions

AT_ONCE = 5000
PERSON = (F("pk"), Coalesce("directory_id", Value("")), *COLUMNS[1:])
"""What to ask a query of people for, to make a Person of each row."""


class Stored:
    """`known.Known` over the table of people, for one run: what it finds empty at first it does not ask again."""

    def totals(self) -> Totals:
        active = User.objects.filter(is_active=True, directory_id__isnull=False).order_by()
        has = {"numbers": ~Q(phone=""), "addresses": ~Q(email="")}
        found = active.aggregate(people=Count("pk"), **{name: Count("pk", filter=test) for name, test in has.items()})
        return Totals(**found)

    def marks(self) -> Iterator[tuple[int, str, str]]:
        """By a cursor of the database's own where there is one, so that they are never in memory together."""
        question = (
            "SELECT id, directory_id, directory_fingerprint FROM accounts_user"
            " WHERE directory_id IS NOT NULL AND (is_active OR directory_fingerprint <> %s)"
        )
        with transaction.atomic(), connection.chunked_cursor() as cursor:
            cursor.execute(question, [LEFT])
            while rows := cursor.fetchmany(AT_ONCE):
                yield from rows

    def with_pks(self, pks: Collection[int]) -> Iterator[Person]:
        return self._among("id", pks)

    def with_ids(self, ids: Collection[str]) -> Iterator[Person]:
        return self._among("directory_id", ids) if self._has_people else iter(())

    def with_usernames(self, usernames: Collection[str]) -> Iterator[Person]:
        return self._among("username", usernames)

    def with_numbers(self, numbers: Collection[str]) -> Iterator[Person]:
        found = self._among("phone", numbers) if self._has_numbers else ()
        return (person for person in found if person.is_active)

    @cached_property
    def _has_people(self) -> bool:
        """Before the first run nobody needs to be looked for."""
        return User.objects.filter(directory_id__isnull=False).exists()

    @cached_property
    def _has_numbers(self) -> bool:
        return User.objects.exclude(phone="").exists()

    def _among(self, column: str, keys: Collection[Any]) -> Iterator[Person]:
        for some in portions(keys, AT_ONCE):
            found = User.objects.order_by().filter(**{f"{column}__in": bulk.among(some)})
            yield from map(Person._make, found.values_list(*PERSON))
