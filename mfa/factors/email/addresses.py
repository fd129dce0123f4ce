"""The mailbox that codes go to: the account's present address, and only while it is the one that was confirmed."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Func, Q
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KT
from django.db.models.lookups import Exact

from mfa.models import Factor

CONFIRMED = "address"
"""The name under which a factor's state keeps which address was confirmed."""


def fingerprint(address: str) -> str:
    """Which address it is, short enough to be bound to a code; upper case makes no other mailbox. Only of ASCII
    letters: databases know no other case in the same way."""
    return hashlib.sha256(address.encode().lower()).hexdigest()[:32]


class Fingerprint(Func):
    """`fingerprint` of a column, in the database. SQLite's LOWER knows ASCII only; its SHA256 is Django's."""

    arity = 1
    output_field = CharField()
    template = "SUBSTR(SHA256(LOWER(%(expressions)s)), 1, 32)"

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        lower = 'LOWER(%(expressions)s COLLATE "C")'
        return self.as_sql(
            compiler, connection, **context,
            template=f"SUBSTR(ENCODE(SHA256(CONVERT_TO({lower}, 'UTF8')), 'hex'), 1, 32)",
        )  # fmt: skip


def is_confirmed(factor: Factor) -> bool:
    """Whether a code that went to the account's present address was typed back (NIST SP 800-63B-4 4.2.1.2)."""
    address = factor.user.email
    return bool(address) and factor.state.get(CONFIRMED) == fingerprint(address)


def confirmed_in_sql(address: Combinable) -> Q:
    """The factors of which `is_confirmed` says so, where their owner's address is `address`."""
    return Q(Exact(KT(f"state__{CONFIRMED}"), Fingerprint(address)))
