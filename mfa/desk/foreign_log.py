"""The page that explains a foreign RADIUS service's log. What is pasted or chosen is read and kept nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from mfa.authlog import foreign, results
from mfa.authlog.foreign import Reading, Request

LARGEST, LONGEST = 2_500_000, 80_000
"""Bytes of a file, and characters of a text, that are read."""
SHOWN = 500
HEAD = ("time", "user", "result", "meaning", "asked_again_after_seconds")
TOO_LARGE = gettext_lazy("Choose a file of at most 2.5 MB.")


class LogForm(forms.Form):
    """A log as a file or as text."""

    file = forms.FileField(label=gettext_lazy("File"), required=False, help_text=TOO_LARGE)
    text = forms.CharField(
        label=gettext_lazy("Or its lines"), max_length=LONGEST, required=False, strip=False,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    seconds = forms.IntegerField(
        label=gettext_lazy("Seconds within which a second prompt counts as twice"), min_value=1, max_value=3600,
        initial=60,
    )  # fmt: skip

    def clean_file(self) -> Any:
        found = self.cleaned_data["file"]
        if found and found.size > LARGEST:
            raise forms.ValidationError(TOO_LARGE)
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not given.get("file") and not given.get("text") and not self.errors:
            self.add_error("file", _("Choose a file of at most 2.5 MB, or paste lines of the log."))
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
    """For the page: the first requests, how many ended how, how many were asked twice."""
    counts = Counter(one.result for one in reading.requests)
    return {
        "reading": reading, "shown": [(one, words(one)) for one in reading.requests[:SHOWN]],
        "counts": [(code, _meaning(code), count) for code, count in counts.most_common()],
        "doubles": sum(one.seconds_since is not None for one in reading.requests), "most": SHOWN,
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
        return (line.decode("utf-8", "replace") for line in given["file"])
    return str(given["text"]).splitlines()
