"""One id from the answer to the last row and line."""

from __future__ import annotations

from collections.abc import Callable

from mfa.models import Application, AuditEvent, AuthenticationRecord
from tests.lines import Lines, lines
from tests.mfa.api.conftest import Call

__all__ = ["lines"]


def test_answer_log_rows_and_log_lines_share_one_id(
    call: Call, vpn: Application, key_of: Callable[..., str], lines: Lines
) -> None:
    key = key_of(vpn)
    judged = call("verify", key, username="nobody", password="x", code="123456")
    assert AuthenticationRecord.objects.get().request_id == judged.headers["X-Request-Id"]
    refused = call("verify", key, address="192.0.2.9", username="nobody", code="123456")
    assert AuditEvent.objects.get(action="application.key-refused").request_id == refused.headers["X-Request-Id"]
    ids = {line["request_id"] for line in lines.all() if "192.0.2.9" in line["message"]}
    assert ids == {refused.headers["X-Request-Id"]}


def test_what_freeradius_is_answered_bears_the_name_that_its_own_log_has(
    call: Call, vpn: Application, key_of: Callable[..., str]
) -> None:
    sent = {"User-Name": "nobody", "User-Password": "x", "Identifier": "1", "Authenticator": "0x" + "ab" * 16}
    answer = call("radius/authorize", key_of(vpn), **sent)
    assert answer.headers["X-Request-Id"] == "radius-abababababababab"
    assert AuthenticationRecord.objects.get().request_id == "radius-abababababababab"
