"""How a message fares, for templates."""

from __future__ import annotations

from datetime import datetime

from django import template

from mfa.delivery import progress as progress_of
from mfa.delivery.progress import Progress
from mfa.models import Delivery

register = template.Library()


@register.simple_tag
def progress(delivery: Delivery, now: datetime, alone: object = False) -> Progress:
    """`alone` is an empty text where the page says nothing of other ways."""
    return progress_of.of(delivery, now=now, alone=bool(alone))
