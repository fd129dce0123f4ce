"""How a message fares, for templates."""

from __future__ import annotations

from datetime import datetime

from django import template

from mfa.delivery import progress as progress_of
from mfa.delivery.progress import Progress
from mfa.models import Delivery

register = template.Library()


@register.filter
def progress(delivery: Delivery, now: datetime) -> Progress:
    return progress_of.of(delivery, now=now)
