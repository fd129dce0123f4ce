"""What the organisation's own source knows of a number: a changed SIM, a port to another network (NIST SP 800-63B
section 3.1.3.3 on the public telephone network).

`SMS_RISK_CHECK` names a function `check(number: str) -> str`: an E.164 number in, a reason in few words out why no code
may go there now, or an empty text; OSError, LookupError or ValueError where it cannot tell. It is asked by a worker,
outside any transaction, and should answer within a few seconds.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

from mfa.delivery import outbox
from mfa.models import Delivery


class Unknown(Exception):
    """The check failed, so nobody knows; the message waits."""


def risk(delivery: Delivery) -> str:
    """Why this message may not go to its number now; empty where nothing speaks against it: a notice may go to a number
    at risk, and should. Raises Unknown."""
    is_code = delivery.channel == Delivery.Channel.SMS and delivery.template in outbox.CODES
    if not settings.SMS_RISK_CHECK or not is_code:
        return ""
    check: Callable[[str], str] = import_string(settings.SMS_RISK_CHECK)
    try:
        return str(check(delivery.recipient))[:200]
    except (OSError, LookupError, ValueError) as error:
        raise Unknown(type(error).__name__) from error
