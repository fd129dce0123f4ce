"""What admins configured and every verification needs: applications with their keys, and rules. Read once per change.

A process keeps what it read together with the revision that it found, and asks for the revision alone at each
use: a change counts at once in every process. What is configured for one person is not here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection

from accounts.compiled import prepared
from mfa.models import Application, ApplicationKey, RememberRule, Rule


@dataclass(frozen=True, slots=True)
class Configured:
    """`applications` in use by their slug, `keys` that were not revoked by their prefix, `rules` that have not ended,
    `remember` rules in use. Rows as they were read: nobody changes them."""

    revision: int | None
    applications: Mapping[str, Application]
    keys: Mapping[str, ApplicationKey]
    rules: tuple[Rule, ...]
    remember: tuple[RememberRule, ...]

    def remember_at(self, application: str) -> list[RememberRule]:
        """The remember rules that hold at the application."""
        row = self.applications.get(application)
        return [rule for rule in self.remember if row and rule.application_id in (None, row.pk)]


_held: ContextVar[Configured | None] = ContextVar("configured", default=None)
_last: list[Configured] = []


def current() -> Configured:
    """What is configured now; within `held` what it was when that began."""
    held = _held.get()
    if held is not None:
        return held
    revision = _revision()
    found = next(iter(_last), None)
    if found is None or revision is None or found.revision != revision:
        found = _read(revision)
        _last[:] = [found]
    return found  # not what another thread, which asked earlier, may have put there meanwhile


@contextlib.contextmanager
def held() -> Iterator[None]:
    """One look for a whole request, instead of one at each question. It is the request's first question to the
    database, and so tells too whether the connection, kept from an earlier request, still lives."""
    connection.health_check_done = True  # type: ignore[attr-defined]  # unknown to the stubs
    try:
        now = current()
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block:
            raise
        connection.close()
        now = current()
    token = _held.set(now)
    try:
        yield
    finally:
        _held.reset(token)


def _revision() -> int | None:
    """None before anything was ever configured."""
    with prepared() as cursor:
        cursor.execute("SELECT number FROM mfa_revision")
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _read(revision: int | None) -> Configured:
    """After the revision: what is newer than it is read again next time."""
    applications = {row.pk: row for row in Application.objects.filter(active=True)}
    keys = list(ApplicationKey.objects.filter(revoked_at=None, application__in=applications))
    for key in keys:
        key.application = applications[key.application_id]
    return Configured(
        revision,
        {row.slug: row for row in applications.values()},
        {key.prefix: key for key in keys},
        tuple(Rule.objects.filter(ended_at=None)),
        tuple(RememberRule.objects.filter(active=True)),
    )
