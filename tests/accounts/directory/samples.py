"""Entries and people as the tests of the plan want them, and a pretended database that a plan is written to."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.directory.entries import Entry, Record, Sighting, fingerprint
from accounts.directory.plan import Plan
from accounts.directory.planner import Planner
from accounts.people import Person
from accounts.phones import Rules

RULES = Rules("DE", frozenset())
ALICE = "11111111-0000-4000-8000-000000000001"
BOB = "22222222-0000-4000-8000-000000000002"
CAROL = "33333333-0000-4000-8000-000000000003"
MOBILE, OTHER, THIRD = "+491701234567", "+491711234567", "+491721234567"


def entry(
    directory_id: str = ALICE,
    username: str = "alice",
    *mobile: str,
    landline: str | Sequence[str] = (),
    region: str = "",
    enabled: bool = True,
) -> Entry:
    """An entry with these values of `mobile`; `landline` are those of `telephoneNumber`."""
    values = [("mobile", value) for value in mobile]
    values += [("telephoneNumber", value) for value in ([landline] if isinstance(landline, str) else landline)]
    dn = f"uid={username},ou=people,dc=example,dc=test"
    return Entry(
        directory_id=directory_id, dn=dn, username=username, name=username.title(), email=f"{username}@example.test",
        phones=tuple(values), region=region, enabled=enabled,
        fingerprint=fingerprint(dn, [username, values, region, enabled]),
    )  # fmt: skip


def sighted(record: Record) -> Sighting:
    return Sighting(record.directory_id, getattr(record, "fingerprint", ""), lambda: record)


def person(pk: int = 1, directory_id: str = ALICE, username: str = "alice", **more: object) -> Person:
    return Person(
        pk=pk, directory_id=directory_id, username=username, name=username.title(), email=f"{username}@example.test",
        phone="", phone_source="", directory_phone="", directory_dn="", directory_fingerprint="", is_active=True,
    )._replace(**more)  # type: ignore[arg-type]  # fmt: skip


def plan_of(
    records: Sequence[Record], known: list[Person] | None = None, *, rules: Rules = RULES, **options: object
) -> Plan:
    planner = Planner(known or [], rules=rules, **options)  # type: ignore[arg-type]
    planner.take([sighted(record) for record in records])
    return planner.finish()


def written(plan: Plan, known: list[Person]) -> list[Person]:
    """Everybody as the database has them after the plan; fails where its constraints would."""
    after = {person.pk: person for person in known}
    for change in plan.changes:
        assert after[change.old.pk] == change.old
        after[change.old.pk] = change.new
    for change in plan.create:
        pk = max(after, default=0) + 1
        after[pk] = change.new._replace(pk=pk)
    names = [person.username for person in after.values()]
    assert len(set(names)) == len(names)
    ids = [person.directory_id for person in after.values() if person.directory_id]
    assert len(set(ids)) == len(ids)
    return list(after.values())


def synced(records: Sequence[Record], known: list[Person] | None = None, **options: object) -> list[Person]:
    return written(plan_of(records, known, **options), known or [])  # type: ignore[arg-type]
