"""What the tests of the sync share: settings for a slapd, a reader of given entries, a checksum of all people."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from accounts.directory import sync
from accounts.directory.entries import Record, Sighting
from accounts.directory.readers import DirectoryError, DirectoryReader
from accounts.directory.readers.ldap import Server
from accounts.directory.stored import Stored
from accounts.models import SyncChange, SyncRun, User
from accounts.people import Person
from tests.accounts.directory.samples import sighted
from tests.services.slapd import Slapd

PEOPLE = "(objectClass=inetOrgPerson)"


def settings_for(slapd: Slapd, *, ldaps: bool = False) -> dict[str, object]:
    return {
        "LDAP_URL": slapd.ldaps_url if ldaps else slapd.url,
        "LDAP_START_TLS": True,
        "LDAP_CA_FILE": str(slapd.ca_file),
        "LDAP_BIND_DN": slapd.bind_dn,
        "LDAP_BIND_PASSWORD": slapd.password,
        "LDAP_USER_BASE": slapd.base,
        "LDAP_PAGE_SIZE": 3,
    }


def server_for(slapd: Slapd, *, ldaps: bool = False) -> Server:
    return Server(
        url=slapd.ldaps_url if ldaps else slapd.url, start_tls=True, ca_file=str(slapd.ca_file), bind_dn=slapd.bind_dn,
        bind_password=slapd.password, base=slapd.base, user_filter=PEOPLE, timeout=5, page_size=3,
    )  # fmt: skip


class Given:
    """A reader of given batches, which may end in an error."""

    def __init__(self, *batches: Sequence[Record], error: DirectoryError | None = None) -> None:
        self._batches, self._error = batches, error

    def batches(self) -> Iterator[list[Sighting]]:
        for batch in self._batches:
            yield [sighted(record) for record in batch]
        if self._error:
            raise self._error


def run(reader: DirectoryReader | None = None, **options: object) -> SyncRun:
    options.setdefault("trigger", SyncRun.Trigger.SHELL)
    return sync.run(reader=reader, **options)  # type: ignore[arg-type]


def people_checksum() -> str:
    """Changes when any column of any person, or any change that was made, does."""
    rows = io.StringIO()
    made = SyncChange.objects.exclude(run__dry_run=True).exclude(run__state=SyncRun.State.STOPPED)
    for found in (User.objects.all(), made):
        for row in found.order_by("pk").values_list():
            rows.write(repr([value.isoformat() if isinstance(value, datetime) else value for value in row]))
    return hashlib.sha256(rows.getvalue().encode()).hexdigest()


def ldif_file(folder: Path, text: str) -> Path:
    path = folder / "people.ldif"
    path.write_text(text)
    return path


def known_people() -> list[Person]:
    """Everybody, local accounts included."""
    return list(Stored().with_pks(User.objects.values_list("pk", flat=True)))
