"""JSON bodies, strictly: one object, no name twice, bounded in size and depth, and nothing but JSON's own type."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.parser import Parser

LONGEST = 16_384


class StrictJson(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        """The object in the body. Answers 415, 413 or 400 otherwise."""
        if request.content_type != "application/json":
            raise HttpError(415, "Send application/json.")
        if len(request.body) > LONGEST:
            raise HttpError(413, "The body is too long.")
        try:
            parsed = json.loads(request.body, object_pairs_hook=_once, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise HttpError(400, "The body is not one JSON object with each name once.") from None
        if not isinstance(parsed, dict):
            raise HttpError(400, "The body is not a JSON object.")
        return parsed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name twice")
    for text in (*made.keys(), *made.values()):
        _refuse_unkept(text)
    return made


def _refuse_unkept(value: object) -> None:
    """What no database keeps: NUL, and halves of characters. The log row of a verdict would fail on them, and undo the
    verdict with its count."""
    if isinstance(value, str):
        value.encode()  # UnicodeEncodeError is a ValueError
        if "\0" in value:
            raise ValueError("NUL")


def _refuse(constant: str) -> None:
    raise ValueError(constant)
