"""What the tables say after the soak: every row of the log by its request, and what became of every message."""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from mfa.models import AuthenticationRecord, Delivery


def main() -> None:
    rows: dict[str, list[bool]] = defaultdict(list)
    for request_id, accepted in AuthenticationRecord.objects.values_list("request_id", "accepted").iterator():
        rows[request_id].append(accepted)
    states = Counter(Delivery.objects.values_list("state", flat=True))
    sent = Delivery.objects.filter(state__in=(Delivery.State.SENT, Delivery.State.DELIVERED))
    recipients: dict[str, Counter[str]] = {channel: Counter() for channel in Delivery.Channel.values}
    for channel, recipient in sent.values_list("channel", "recipient"):
        recipients[channel][recipient] += 1
    print(json.dumps({"rows": rows, "states": states, "sent": recipients}))


if __name__ == "__main__":
    main()
