"""The interface's own document as a page: each operation with its fields, its answers and a command to try it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from mfa.api import verify

MEANINGS = {
    200: _("Judged: only “accepted”: true lets anybody in; a “state” says that a code is asked for"),
    400: _("The body is no JSON"),
    401: _("No such key, or one that is over or revoked"),
    403: _("The key may not do this, or not from this address"),
    413: _("The body is too long"),
    415: _("The body is not said to be application/json"),
    422: _("A field is missing, unknown or of another form; “detail” names it"),
    503: _("Another process still judges this request"),
}
FOR_GATEWAYS = "/radius/authorize"
OF_RADIUS = {
    200: _("Attributes of an Access-Accept or an Access-Challenge"),
    401: _("Attributes of an Access-Reject"),
    403: _("The key does not work, may not do this, or not from this address: the gateway hears nothing"),
}


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
    """One address of the interface; `answers` are status, what it means, and the names of the fields in it."""

    slug: str
    name: str
    text: str
    address: str
    fields: list[Field]
    answers: list[tuple[str, object, str]]
    curl: str


def operations() -> list[Operation]:
    """All operations, in the order of the document."""
    document = verify.document()
    return [_operation(document, path, one) for path, methods in document["paths"].items() for one in methods.values()]


def _operation(document: dict[str, Any], path: str, found: dict[str, Any]) -> Operation:
    body = _schema(document, found["requestBody"])
    fields = list(_fields(body))
    answers = [
        (str(code), _meaning(int(code), path), ", ".join(_schema(document, one).get("properties", ())))
        for code, one in _answers(found)
    ]
    address = settings.PUBLIC_URL + path
    return Operation(
        slugify(found["summary"]), found["summary"], found["description"], address, fields, answers,
        _curl(address, fields),
    )  # fmt: skip


def _meaning(code: int, path: str) -> object:
    if path.endswith(FOR_GATEWAYS) and code in OF_RADIUS:
        return OF_RADIUS[code]
    return MEANINGS.get(code, "")


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
        f"curl --include {address} \\\n  --header 'Authorization: Bearer KEY' \\\n"
        f"  --header 'Content-Type: application/json' \\\n  --data '{body}'"
    )
