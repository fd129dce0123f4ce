"""What a batch of records says, the same in this process and in those beside it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from accounts.directory.drafts import Draft, newcomer, rules_mark
from accounts.directory.entries import Record, Unreadable
from accounts.directory.newcomers import Newcomers
from accounts.directory.numbers import choose
from accounts.directory.wire import Answer, Parsed
from accounts.phones import Rules


class Reading:
    """Reads by these rules for numbers."""

    def __init__(self, rules: Rules) -> None:
        self._rules, self._mark = rules, rules_mark(rules)

    def answer(self, batch: Iterable[tuple[Callable[[], Record], str | None]]) -> Answer:
        """Each record comes with the number of its person that counted before; None where nobody is known."""
        parsed: list[Parsed] = []
        drafts: list[Draft] = []
        for at, (record_of, before) in enumerate(batch):
            record = record_of()
            if isinstance(record, Unreadable):
                parsed.append(Parsed(at, record, None))
                continue
            choice = choose(record, self._rules, before=before or "")
            if before is None:
                drafts.append(newcomer(record, choice, self._mark))
            else:
                parsed.append(Parsed(at, record, choice))
        return Answer(parsed, Newcomers.of(drafts))
