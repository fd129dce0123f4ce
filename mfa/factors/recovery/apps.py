from __future__ import annotations

from django.apps import AppConfig


class RecoveryConfig(AppConfig):
    name = "mfa.factors.recovery"
    label = "mfa_recovery"
    verbose_name = "Recovery codes"
