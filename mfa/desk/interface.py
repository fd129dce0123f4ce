"""The interface's own document as a page: each operation with its fields, its answers and a command to try it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.text import slugify

from mfa.api import verify


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body."""

    name: str
    required: bool
    most: int | None
    text: str
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One address of the interface; `answers` are pairs of status and the names of the fields in it."""

    slug: str
    name: str
    text: str
    address: str
    fields: list[Field]
    answers: list[tuple[str, str]]
    curl: str


def operations() -> list[Operation]:
    """All operations, in the order of the document."""
    document = verify.document()
    return [_operation(document, path, one) for path, methods in document["paths"].items() for one in methods.values()]


def _operation(document: dict[str, Any], path: str, found: dict[str, Any]) -> Operation:
    body = _schema(document, found["requestBody"])
    fields = list(_fields(body))
    answers = [(str(code), ", ".join(_schema(document, one).get("properties", ()))) for code, one in _answers(found)]
    address = settings.PUBLIC_URL + path
    return Operation(
        slugify(found["summary"]), found["summary"], found["description"], address, fields, answers,
        _curl(address, fields),
    )  # fmt: skip


def _answers(found: dict[str, Any]) -> list[tuple[Any, dict[str, Any]]]:
    return sorted(found["responses"].items(), key=lambda pair: str(pair[0]))


def _schema(document: dict[str, Any], holder: dict[str, Any]) -> dict[str, Any]:
    """What the JSON in a request or an answer looks like, with its reference followed."""
    found: dict[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema", {})
    name = found.get("$ref", "").rpartition("/")[2]
    return dict(document["components"]["schemas"][name]) if name else found


def _fields(body: dict[str, Any]) -> Iterator[Field]:
    for name, one in body["properties"].items():
        example = str((one.get("examples") or [""])[0])
        yield Field(name, name in body.get("required", ()), one.get("maxLength"), one.get("description", ""), example)


def _curl(address: str, fields: list[Field]) -> str:
    body = json.dumps({field.name: field.example or "..." for field in fields if field.required})
    return (
        f"curl {address} \\\n  --header 'Authorization: Bearer KEY' \\\n"
        f"  --header 'Content-Type: application/json' \\\n  --data '{body}'"
    )
