"""From which moment on entries are asked for, whatever clocks do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from accounts.directory.readers import Changes, Position
from accounts.directory.readers.ldap import timestamps
from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.ldap.root import Root
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.profiles import OPENLDAP
from accounts.directory.readers.records import Raw

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ROOT = Root((), frozenset(), None, "")
SERVER = Server("ldaps://x", False, "", "", "", "dc=x", "(uid=*)", 5, 100, OPENLDAP)


class Told:
    """A server whose entries were changed at given moments; `asked` is from when on it was asked."""

    def __init__(self, patch: pytest.MonkeyPatch, moments: list[datetime]) -> None:
        self.moments, self.asked = moments, datetime.min.replace(tzinfo=UTC)
        patch.setattr(timestamps, "_since", self._since)

    def _since(self, link: Link, server: Server, begin: datetime, attributes: list[str]) -> Iterator[tuple[str, Raw]]:
        self.asked = begin
        for number, moment in enumerate(self.moments):
            if moment >= begin:
                raw = {"entryUUID": [b"%d" % number], "modifyTimestamp": [moment.strftime("%Y%m%d%H%M%SZ").encode()]}
                yield f"uid={number}", raw

    def position(self, now: datetime) -> Position | None:
        return timestamps.position(cast(Any, None), SERVER, ROOT, now=now)

    def changes(self, since: Position | None, now: datetime) -> Changes:
        assert since is not None
        found = timestamps.changes(cast(Any, None), SERVER, ROOT, since, now=now)
        assert found is not None
        return found


def test_position_is_the_latest_moment_however_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    for ago in (MINUTE, timedelta(hours=5), timedelta(days=9), timedelta(days=4000)):
        position = Told(monkeypatch, [NOON - ago, NOON - ago - MINUTE]).position(NOON)
        assert position is not None
        assert position["at"] == (NOON - ago).isoformat()
    assert Told(monkeypatch, []).position(NOON) is None


def test_minutes_before_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [NOON])
    since = told.position(NOON)
    told.moments.append(NOON - 8 * MINUTE)
    assert len(told.changes(since, NOON + MINUTE).seen) == 2
    assert told.asked == NOON - timestamps.OVERLAP


def test_clock_that_was_ahead_and_was_set_right_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [NOON + 60 * MINUTE])
    since = told.position(NOON)
    told.moments.append(NOON + MINUTE)
    changes = told.changes(since, NOON + 2 * MINUTE)
    assert len(changes.seen) == 2
    assert changes.position["at"] == (NOON + 2 * MINUTE).isoformat()


def test_crowd_of_an_import_is_read_again_until_it_was_read_after_the_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, [NOON] * (timestamps.CROWD + 1))
    soon = told.changes(told.position(NOON), NOON + MINUTE)
    assert len(soon.seen) == timestamps.CROWD + 1
    later = told.changes(soon.position, NOON + 11 * MINUTE)
    assert len(later.seen) == timestamps.CROWD + 1
    told.moments.append(NOON + 20 * MINUTE)
    last = told.changes(later.position, NOON + 21 * MINUTE)
    assert len(last.seen) == 1
    assert last.position["at"] == (NOON + 20 * MINUTE).isoformat()
    assert told.changes({**later.position, "at": (NOON + 20 * MINUTE).isoformat()}, NOON + 50 * MINUTE).seen == []


@pytest.mark.parametrize("value", [b"", b"yesterday", b"20260302", b"20260302120000+0100", b"20269999999999Z"])
def test_moment_that_cannot_be_read_is_none(value: bytes) -> None:
    assert timestamps._moment({"modifyTimestamp": [value]}) is None


def test_moments_of_every_server_are_read() -> None:
    for value in (b"20260302120000Z", b"20260302120000.0Z", b"20260302120000.123456Z"):
        assert timestamps._moment({"modifyTimestamp": [value]}) == NOON
