"""All tables of people and of the directory, by subject."""

from __future__ import annotations

from accounts.models.person import PhoneSource, User, UserManager
from accounts.models.runs import SyncAlarm, SyncChange, SyncProblem, SyncRun
from accounts.models.write_backs import WriteBack

__all__ = [
    "PhoneSource",
    "SyncAlarm",
    "SyncChange",
    "SyncProblem",
    "SyncRun",
    "User",
    "UserManager",
    "WriteBack",
]
