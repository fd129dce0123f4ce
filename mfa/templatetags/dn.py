"""`{{ person.directory_dn|dn }}`: a distinguished name that may be broken between its parts, not within words."""

from __future__ import annotations

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
BREAK = SafeString(",<wbr>")


@register.filter
def dn(text: str) -> SafeString:
    """The text with a place to break after each comma."""
    return format_html_join(BREAK, "{}", ((part,) for part in text.split(",")))
