"""What changed by the server's own log: content synchronisation (RFC 4533), as OpenLDAP's syncprov overlay offers it.

Cookies of OpenLDAP are sets of change numbers, so the first one is made of the suffix's contextCSN: loading everybody
this way is many times slower than pages are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import ldap
from ldap.controls import RequestControl, ResponseControl

from accounts.directory.readers import Changes, PartialResult, Position
from accounts.directory.readers.ldap import pages
from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.ldap.root import Root
from accounts.directory.readers.ldap.server import Server
from accounts.directory.readers.ldap.sync_values import REFRESH_ONLY, Done, Info, State, read_info, read_state, tlv
from accounts.directory.readers.records import Raw, sight

KIND = "syncrepl"
REQUEST, STATE, DONE, INFO = (f"1.3.6.1.4.1.4203.1.9.1.{number}" for number in (1, 2, 3, 4))
PRESENT, DELETE = 0, 3
NO_ENTRY: tuple[str, Raw] = ("", {})


class SyncRequest(RequestControl):  # type: ignore[misc]  # the package has no type hints
    def __init__(self, cookie: str) -> None:
        value = tlv(0x0A, bytes([REFRESH_ONLY])) + tlv(0x04, cookie.encode())
        super().__init__(REQUEST, True, tlv(0x30, value))


class SyncState(ResponseControl):  # type: ignore[misc]
    def decodeControlValue(self, encoded: bytes) -> None:  # noqa: N802 (the package's name)
        self.value: State = read_state(encoded)


class SyncDone(ResponseControl):  # type: ignore[misc]
    def decodeControlValue(self, encoded: bytes) -> None:  # noqa: N802
        self.value: Done = Done.read(encoded)


_CONTROLS = {STATE: SyncState, DONE: SyncDone}


def position(link: Link, server: Server, root: Root, *, now: datetime) -> Position | None:
    """Where the server's log is; None where it has none, or where it names people otherwise than the profile does."""
    if REQUEST not in root.controls or server.profile.id.lower() != "entryuuid":
        return None
    suffix = root.context_of(server.base)
    found = link.search_ext_s(suffix, ldap.SCOPE_BASE, "(objectClass=*)", ["contextCSN"]) if suffix else []
    numbers = sorted(value.decode("ascii") for _, raw in found for value in raw.get("contextCSN", ()))
    return {"cookie": f"rid=000,csn={';'.join(numbers)}"} if numbers else None


def changes(link: Link, server: Server, root: Root, since: Position, *, now: datetime) -> Changes | None:
    """What the log says, or None where not one entry of the whole suffix has changed."""
    found, present = Changes({"cookie": since["cookie"]}), set[str]()
    try:
        for entry, value in _messages(link, server, since["cookie"]):
            if isinstance(value, State):
                _note(found, present, value, entry, server)
                continue
            found.position["cookie"] = value.cookie or found.position["cookie"]
            if isinstance(value, Info):
                (found.gone if value.deletes else present).update(value.ids)
            elif not value.deletes:
                found.present = present
    except ValueError:
        raise PartialResult(f"{server.shown} answered what cannot be understood.") from None
    nothing = found.position["cookie"] == since["cookie"] and not (found.seen or found.gone)
    return None if nothing and found.present is None else found


def _note(found: Changes, present: set[str], state: State, entry: tuple[str, Raw], server: Server) -> None:
    if state.what == DELETE:
        found.gone.add(state.id)
        return
    present.add(state.id)
    if state.what != PRESENT:
        found.seen.append(sight(*entry, server.profile))


def _messages(link: Link, server: Server, cookie: str) -> Iterator[tuple[tuple[str, Raw], State | Info | Done]]:
    """Everything the server sends, in its order. An answer without its controls is none of this protocol."""
    sent = link.search_ext(
        server.base, ldap.SCOPE_SUBTREE, server.user_filter, list(server.profile.attributes),
        serverctrls=[SyncRequest(cookie)],
    )  # fmt: skip
    patience = max(pages.PATIENCE, server.timeout)
    while True:
        kind, some, _, controls, _, _ = link.result4(
            sent, 0, patience, add_ctrls=1, add_intermediates=1, resp_ctrl_classes=_CONTROLS
        )
        if kind == ldap.RES_SEARCH_ENTRY:
            for dn, raw, of_entry in some:
                yield (dn, raw), _value(of_entry, server)
        elif kind == ldap.RES_INTERMEDIATE:
            yield from ((NO_ENTRY, read_info(value)) for name, value, _ in some if name == INFO)
        elif kind == ldap.RES_SEARCH_RESULT:
            yield NO_ENTRY, _value(controls, server)
            return


def _value(controls: list[Any], server: Server) -> Any:
    for control in controls:
        if isinstance(control, SyncState | SyncDone):
            return control.value
    raise PartialResult(f"{server.shown} left out what its answer means.")
