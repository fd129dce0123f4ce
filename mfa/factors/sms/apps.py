from __future__ import annotations

from django.apps import AppConfig


class SmsConfig(AppConfig):
    name = "mfa.factors.sms"
    label = "mfa_sms"
    verbose_name = "Text messages"

    def ready(self) -> None:
        """Connect what tells people of numbers that rest."""
        from mfa.factors.sms import resting

        self.resting = resting
