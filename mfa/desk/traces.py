"""A delivery's conversation as its page shows it: each step with its moment, in words, as far as a role may see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from mfa.delivery import causes, progress, receipts
from mfa.desk import masks
from mfa.models import Delivery

LABELS: dict[str, str | Promise] = {
    "connect": gettext_lazy("Connect"),
    "greeting": gettext_lazy("Greeting"),
    "ehlo": gettext_lazy("Introduce oneself"),
    "helo": gettext_lazy("Introduce oneself"),
    "starttls": gettext_lazy("Ask for encryption"),
    "tls": gettext_lazy("Encrypt"),
    "auth": gettext_lazy("Sign in"),
    "mail": gettext_lazy("Name the sender"),
    "rcpt": gettext_lazy("Name the recipient"),
    "data": gettext_lazy("Announce the mail"),
    "content": gettext_lazy("Give the mail"),
    "quit": gettext_lazy("Say goodbye"),
    "request": gettext_lazy("Give the message"),
    "inbox": gettext_lazy("Keep it here"),
}
WELL = ("connect", "tls", "inbox")
"""Steps that have no reply with a number: they went well where they say so."""


def shown(delivery: Delivery, *, whole: bool, now: datetime) -> dict[str, Any]:
    """For `admin/desk/delivery_part.html`: the cause, the tries with their steps, whether more is to come."""
    tries = [_try(one, whole) for one in delivery.trace]
    on_its_way = delivery.state in (Delivery.State.QUEUED, Delivery.State.SENDING)
    return {
        "cause": causes.of(delivery),
        "tries": tries,
        "receipts": [_receipt(delivery, one) for one in delivery.receipts],
        "awaited": on_its_way or not progress.of(delivery, now=now).over,
        "next_try_at": delivery.next_try_at if delivery.state == Delivery.State.QUEUED and delivery.tries else None,
    }


def _try(one: dict[str, Any], whole: bool) -> dict[str, Any]:
    at = timezone.localtime(datetime.fromisoformat(one["at"]))
    steps = []
    for step in one["steps"]:
        at += timedelta(milliseconds=step["ms"])
        steps.append(_step(step, at, whole))
    return {"number": one["try"], "gateway": one["gateway"], "at": one["at"][:19], "steps": steps}


def _step(step: dict[str, Any], at: datetime, whole: bool) -> dict[str, Any]:
    code = step.get("code")
    said, text = (masks.in_text(step.get(name, ""), whole) for name in ("said", "text"))
    return {
        "at": f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}",
        "label": LABELS.get(step["step"], step["step"]),
        "said": said,
        "answer": f"{code} {text}".strip() if code is not None else text,
        "ms": step["ms"],
        "tone": _tone(step["step"], code, text),
    }


def _receipt(delivery: Delivery, one: dict[str, Any]) -> dict[str, Any]:
    at = timezone.localtime(datetime.fromisoformat(one["at"]))
    error = f" ({one['error']})" if one["error"] else ""
    return {"at": f"{at:%H:%M:%S}", "words": receipts.words(delivery.gateway, one["status"]) + error}


def _tone(name: str, code: int | None, text: str) -> str:
    if code is not None:
        return "ok" if 200 <= code < 400 else "warn" if 400 <= code < 500 and name != "request" else "danger"
    went_well = name in WELL and (text.startswith(("connected", "TLS")) or name == "inbox")
    return "ok" if went_well else "danger"
