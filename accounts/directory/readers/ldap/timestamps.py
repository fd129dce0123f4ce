"""What changed by modifyTimestamp, which every server keeps (RFC 4512 3.4.2). It tells nothing about whoever is gone.

The clock is the server's: a position is the latest moment that was seen in an entry, never later than the portal's own
clock, and is asked for again with some minutes of overlap, since servers' clocks are set back and replicas lag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from accounts.directory.readers import Changes, Position
from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.ldap.pages import pages
from accounts.directory.readers.ldap.root import Root
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.records import Raw, sight

KIND = "timestamp"
ATTRIBUTE = "modifyTimestamp"
OVERLAP = timedelta(minutes=10)
CROWD = 500
"""More than so many in the overlap (an import, as a rule) are not read again once they were read after it."""
WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=30), timedelta(days=36500))
_MOMENT = re.compile(rb"(\d{14})([.,]\d+)?Z")


def position(link: Link, server: Server, root: Root, *, now: datetime) -> Position | None:
    """The latest moment of a change; None where entries tell none."""
    for window in WINDOWS:
        moments = [_moment(raw) for _, raw in _since(link, server, now - window, [ATTRIBUTE])]
        known = [moment for moment in moments if moment]
        if known:
            return _position(known, now)
    return None


def changes(link: Link, server: Server, root: Root, since: Position, *, now: datetime) -> Changes | None:
    """Everybody who changed since, and everybody of the overlap."""
    at = datetime.fromisoformat(since["at"])
    read_once = since["crowd"] > CROWD and since["settled"]
    begin = at + timedelta(seconds=1) if read_once else at - OVERLAP
    seen, moments = [], [at]
    for dn, raw in _since(link, server, begin, [*server.profile.attributes, ATTRIBUTE]):
        moments += filter(None, [_moment(raw)])
        seen.append(sight(dn, {name: values for name, values in raw.items() if name != ATTRIBUTE}, server.profile))
    if read_once and not seen:
        return Changes(dict(since))
    return Changes(_position(moments, now), seen)


def _position(moments: list[datetime], now: datetime) -> Position:
    at = min(max(moments), now)
    crowd = sum(1 for moment in moments if moment >= at - OVERLAP)
    return {"at": at.isoformat(), "crowd": crowd, "settled": now - at >= OVERLAP}


def _since(link: Link, server: Server, begin: datetime, attributes: list[str]) -> Iterator[tuple[str, Raw]]:
    moment = begin.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
    for page in pages(link, server, f"(&{server.user_filter}({ATTRIBUTE}>={moment}))", attributes):
        yield from page


def _moment(raw: Raw) -> datetime | None:
    found = _MOMENT.fullmatch(raw.get(ATTRIBUTE, [b""])[0])
    try:
        return datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None
