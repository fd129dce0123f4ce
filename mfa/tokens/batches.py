"""Importing a file of hardware tokens: read it, look at it, write it. Between the two it waits as ciphertext."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import audit, crypto
from mfa.models import HardwareToken, TokenBatch
from mfa.oath.counters import Counters
from mfa.outcomes import Unusable
from mfa.tokens import files
from mfa.tokens.reading import Entry, Line, Reason

WAITS_FOR = timedelta(minutes=30)
AT_ONCE = 500


class NothingWaiting(Unusable):
    """The file was imported, replaced by a newer one, or waited too long."""

    @property
    def words(self) -> str:
        return _("This file does not wait any more: it was imported, or half an hour has passed. Choose it again.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of each line of a waiting file."""

    new: list[Line]
    known: list[Line]
    refused: list[Line]


@transaction.atomic
def begin(data: bytes, *, name: str, unlock: str, actor: User, now: datetime) -> TokenBatch:
    """Read a file and keep what it says, encrypted, until it is confirmed. An older one of the same person that waits
    is discarded. Raises `reading.Unreadable`."""
    lines = files.read(data, unlock)
    TokenBatch.objects.filter(imported_by=actor, confirmed_at=None).delete()
    batch = TokenBatch(name=name[:100], imported_by=actor, created_at=now, expires_at=now + WAITS_FOR)
    batch.content = crypto.encrypt(json.dumps([_packed(line) for line in lines]).encode(), row=batch.row)
    batch.save()
    audit.record("tokens.read", user=None, actor=actor, file=batch.name, lines=len(lines))
    return batch


def waiting(actor: User, pk: int, *, now: datetime, lock: bool = False) -> TokenBatch:
    """The actor's own file that waits. Raises NothingWaiting."""
    rows = TokenBatch.objects.select_for_update() if lock else TokenBatch.objects.all()
    found = rows.filter(pk=pk, imported_by=actor, confirmed_at=None, expires_at__gt=now).first()
    if found is None:
        raise NothingWaiting
    return found


def preview(batch: TokenBatch) -> Preview:
    """What is new, what is known already and stays as it is, and what is refused. Raises `crypto.Undecryptable`."""
    lines = [_unpacked(item) for item in json.loads(crypto.decrypt(batch.content, row=batch.row))]
    serials = [line.serial for line in lines if line.entry]
    known: set[str] = set()
    for start in range(0, len(serials), AT_ONCE):
        part = serials[start : start + AT_ONCE]
        known |= set(HardwareToken.objects.filter(serial__in=part).values_list("serial", flat=True))
    new = [line for line in lines if line.entry and line.serial not in known]
    old = [line for line in lines if line.entry and line.serial in known]
    return Preview(new, old, [line for line in lines if not line.entry])


@transaction.atomic
def confirm(actor: User, pk: int, *, now: datetime) -> int:
    """Write what is new; returns how many tokens that were. What is known stays untouched, also where somebody else
    imports it at this moment. Raises NothingWaiting."""
    batch = waiting(actor, pk, now=now, lock=True)
    entries = [line.entry for line in preview(batch).new if line.entry]
    rows = [_row(entry, batch, now) for entry in entries]
    HardwareToken.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)
    batch.content, batch.confirmed_at = "", now
    batch.save(update_fields=["content", "confirmed_at"])
    written = batch.tokens.count()
    audit.record("tokens.imported", user=None, actor=actor, file=batch.name, tokens=written)
    return written


def _row(entry: Entry, batch: TokenBatch, now: datetime) -> HardwareToken:
    row = HardwareToken(
        serial=entry.serial, method=entry.method, algorithm=entry.algorithm, digits=entry.digits, period=entry.period,
        manufacturer=entry.manufacturer, batch=batch, imported_at=now,
    )  # fmt: skip
    if entry.method == HardwareToken.Method.HOTP:
        row.state = Counters(entry.counter).state()
    row.seal(entry.secret)
    return row


def _packed(line: Line) -> dict[str, Any]:
    if line.entry is None:
        return {"number": line.number, "serial": line.serial, "refused": line.refused}
    secret = base64.b64encode(line.entry.secret).decode()
    return {"number": line.number, "serial": line.serial, "entry": asdict(line.entry) | {"secret": secret}}


def _unpacked(item: dict[str, Any]) -> Line:
    if "entry" not in item:
        return Line(item["number"], item["serial"], refused=Reason(item["refused"]))
    entry = Entry(**item["entry"] | {"secret": base64.b64decode(item["entry"]["secret"])})
    return Line(item["number"], item["serial"], entry)
