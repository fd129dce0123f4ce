"""An act on a whole list, as tests order it and look at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client

from accounts.models import User
from mfa.models import AuditEvent, BulkAct, BulkPerson

LIST = "/admin/accounts/user/"


def everybody(make_user: Callable[..., User], count: int = 5) -> list[User]:
    return [make_user(f"p{number}", name=f"Person {number}") for number in range(count)]


def order(client: Client, slug: str, query: str = "q=p", **fields: str) -> Any:
    """Look at the preview, and order exactly that."""
    address = f"{LIST}all/{slug}/?{query}"
    seen = client.get(address, secure=True).context["outlook"].digest
    form = {"reason": "Rollout", "ticket": "INC-7", "identity": "manager", "seen": seen} | fields
    return client.post(address, form, secure=True)


def states(row: BulkAct) -> dict[str, int]:
    found = list(row.people.values_list("state", flat=True))
    return {name: found.count(name) for name in BulkPerson.State.values if name in found}


def read(client: Client, row: BulkAct, query: str = "") -> str:
    return client.get(f"/admin/mfa/bulkact/{row.pk}/change/{query}", secure=True).content.decode()


def placed(client: Client, make_user: Callable[..., User], count: int = 5) -> BulkAct:
    everybody(make_user, count)
    order(client, "require")
    return BulkAct.objects.get()


def required() -> list[str]:
    rows = AuditEvent.objects.filter(action="policy.required").order_by("pk")
    return [row.username for row in rows]
