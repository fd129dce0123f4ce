"""What accounts tells the rooms above. All are sent *inside* the transaction that makes the change, in bulk, so that
a receiver's rows (audit, notices, the end of remembered verifications) commit with it or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class PhoneChange:
    """One person's number before and after, E.164 or empty. `mailbox` is the address that the same act replaced or
    removed: whoever gave the person another one is not to be the only one who hears of the number."""

    user_id: int
    old: str
    new: str
    mailbox: str = ""


phones_changed = Signal()
"""Arguments: `changes: list[PhoneChange]`, `source: PhoneSource`, `actor: User | None`."""

phones_announced = Signal()
"""The directory has another number for people whose own is confirmed; it counts when its rest is over, unless they
refuse it. Arguments: `changes: list[PhoneChange]` (`new` is the number that rests), `until: datetime`."""

mailboxes_changed = Signal()
"""The directory has another mailbox for people, or none any more. Arguments: `user_ids: list[int]`."""

write_back_ended = Signal()
"""A number was written to the directory, or is not going to be. Arguments: `row: WriteBack`."""

users_deactivated = Signal()
"""Arguments: `user_ids: list[int]`, `actor: User | None`."""

memberships_changed = Signal()
"""People of the directory entered or left groups, as their directory says. Arguments: `changes: list[Membership]`."""

users_forgotten = Signal()
"""People who left long ago are about to lose name, number and address. Arguments: `user_ids: list[int]`."""

runs_in_trouble = Signal()
"""The directory runs need somebody's help. Arguments: `alarm: SyncAlarm`, `now: datetime`."""

runs_well_again = Signal()
"""The trouble that was told is over. Arguments: `alarm: SyncAlarm`, `now: datetime`."""

run_decided = Signal()
"""An admin let a stopped run through or took one back, at a shell. Arguments: `action: str`, `run: SyncRun`,
`actor: User`, `reason: str`."""

run_refused = Signal()
"""A job that somebody asked for was not begun, since when its turn came they might not ask for it any more. Arguments:
`action: str`, `run: SyncRun | None` that was to be confirmed or taken back, `actor: User | None`."""
