"""Entries and people as the tests of the plan want them, and a pretended database that a plan is written to."""

from __future__ import annotations

from accounts.directory.entries import Entry, fingerprint
from accounts.directory.plan import Plan, Planner
from accounts.people import Person
from accounts.phones import Rules

RULES = Rules("DE", frozenset())
ALICE = "11111111-0000-4000-8000-000000000001"
BOB = "22222222-0000-4000-8000-000000000002"
CAROL = "33333333-0000-4000-8000-000000000003"
MOBILE, OTHER, THIRD = "+491701234567", "+491711234567", "+491721234567"


def entry(directory_id: str = ALICE, username: str = "alice", *mobile: str, **more: object) -> Entry:
    """An entry with these values of `mobile`; `telephoneNumber` is given as `landline`."""
    landline = more.pop("landline", ())
    values = [("mobile", value) for value in mobile]
    values += [("telephoneNumber", value) for value in ([landline] if isinstance(landline, str) else landline)]  # type: ignore[attr-defined]
    fields: dict[str, object] = {
        "dn": f"uid={username},ou=people,dc=example,dc=test",
        "name": username.title(),
        "email": f"{username}@example.test",
        "region": "",
        "enabled": True,
        **more,
    }
    dn = str(fields.pop("dn"))
    mark = fingerprint(dn, [username, values, sorted((name, repr(value)) for name, value in fields.items())])
    return Entry(  # type: ignore[arg-type]
        directory_id=directory_id, dn=dn, username=username, phones=tuple(values), fingerprint=mark, **fields
    )


def person(pk: int = 1, directory_id: str = ALICE, username: str = "alice", **more: object) -> Person:
    return Person(
        pk=pk, directory_id=directory_id, username=username, name=username.title(), email=f"{username}@example.test",
        phone="", phone_source="", directory_phone="", directory_dn="", directory_fingerprint="", is_active=True,
    )._replace(**more)  # type: ignore[arg-type]  # fmt: skip


def plan_of(
    records: list[object], known: list[Person] | None = None, *, rules: Rules = RULES, **options: object
) -> Plan:
    planner = Planner(known or [], rules=rules, **options)  # type: ignore[arg-type]
    planner.take(records)  # type: ignore[arg-type]
    return planner.finish()


def written(plan: Plan, known: list[Person]) -> list[Person]:
    """Everybody as the database has them after the plan; fails where its constraints would."""
    after = {person.pk: person for person in known}
    for change in plan.changes:
        assert after[change.old.pk] == change.old
        after[change.old.pk] = change.new
    for new in plan.create:
        pk = max(after, default=0) + 1
        after[pk] = new._replace(pk=pk)
    names = [person.username for person in after.values()]
    assert len(set(names)) == len(names)
    ids = [person.directory_id for person in after.values() if person.directory_id]
    assert len(set(ids)) == len(ids)
    return list(after.values())


def synced(records: list[object], known: list[Person] | None = None, **options: object) -> list[Person]:
    return written(plan_of(records, known, **options), known or [])  # type: ignore[arg-type]
