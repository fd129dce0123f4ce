from __future__ import annotations

from django.apps import AppConfig


class SmsConfig(AppConfig):
    name = "mfa.factors.sms"
    label = "mfa_sms"
    verbose_name = "Text messages"
