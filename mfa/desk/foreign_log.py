"""The page that explains a foreign RADIUS service's log. What is pasted or chosen is read and kept nowhere."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _, gettext_lazy

from mfa.authlog import foreign, results
from mfa.authlog.encodings import lines_of
from mfa.authlog.foreign import Reading, Request

LARGEST, LONGEST = 2_500_000, 80_000
"""Bytes of a file, and characters of a text, that are read."""
SHOWN = 500
HEAD = ("time", "user", "result", "meaning", "asked_again_after_seconds")
IN_FULL = gettext_lazy("On the server, manage.py explain_log FILE reads a log of any length.")
FILE_HELP = gettext_lazy("At most 2.5 MB, in UTF-8, UTF-16 or Windows-1252.")
TEXT_HELP = gettext_lazy("At most 80,000 characters, some 800 lines. Choose a file where there are more.")
TOO_LARGE = gettext_lazy("This file is larger than 2.5 MB, and nothing of it was read. Take a part of it.")
TOO_LONG = gettext_lazy("These are more than 80,000 characters. Choose the log as a file.")


class LogForm(forms.Form):
    """A log as a file or as text."""

    file = forms.FileField(label=gettext_lazy("File"), required=False, help_text=FILE_HELP)
    text = forms.CharField(
        label=gettext_lazy("Or its lines"), required=False, strip=False, help_text=TEXT_HELP,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    seconds = forms.IntegerField(
        label=gettext_lazy("Seconds within which a second prompt counts as twice"), min_value=1, max_value=3600,
        initial=60,
    )  # fmt: skip

    def __init__(self, *args: Any, sent: int = 0) -> None:
        """`sent` are the bytes of the request: a file that makes it too large was dropped while it came in."""
        super().__init__(*args)
        self.dropped = sent > settings.FILE_UPLOAD_MAX_MEMORY_SIZE

    def clean_file(self) -> Any:
        found = self.cleaned_data["file"]
        if self.dropped or (found and found.size > LARGEST):
            raise forms.ValidationError([TOO_LARGE, IN_FULL])
        return found

    def clean_text(self) -> str:
        """Counted here and not in the browser, which would cut what is pasted without a word."""
        text = str(self.cleaned_data["text"])
        if len(text) > LONGEST:
            raise forms.ValidationError(TOO_LONG)
        return text

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not given.get("file") and not given.get("text") and not self.errors:
            self.add_error("file", _("Choose a file, or paste lines of the log."))
        return given


def read(form: LogForm) -> Reading:
    """The requests of the log, double prompts marked. Adds an error to the form where no line is of its form."""
    given = form.cleaned_data
    reading = foreign.read(_lines(given))
    if not reading.readable:
        form.add_error(None, _("No line has the form time|level|process|thread|component|message."))
    foreign.mark_doubles(reading.requests, within=timedelta(seconds=given["seconds"]), accepted=results.accepting())
    return reading


def context(reading: Reading) -> dict[str, Any]:
    """For the page: the first requests, how many ended how, and who was asked twice."""
    doubles = [one for one in reading.requests if one.seconds_since is not None]
    counts = Counter(one.result for one in reading.requests)
    return {
        "reading": reading, "shown": [(one, words(one)) for one in reading.requests[:SHOWN]],
        "counts": [(code, _meaning(code), count) for code, count in counts.most_common()],
        "most": SHOWN,
        "doubles": len(doubles), "shown_doubles": [(one, words(one)) for one in doubles[:SHOWN]],
    }  # fmt: skip


def rows(reading: Reading) -> Iterator[tuple[object, ...]]:
    """All requests, for the CSV file."""
    for one in reading.requests:
        yield (one.at, one.username, one.result, words(one), one.seconds_since)


def words(one: Request) -> str:
    """How the request ended."""
    return _meaning(one.result)


def _meaning(code: int | None) -> str:
    return _("No result in this log") if code is None else results.meaning(code)


def _lines(given: dict[str, Any]) -> Iterable[str]:
    if given.get("file"):
        return lines_of(given["file"].file)
    return io.StringIO(given["text"], newline=None)
