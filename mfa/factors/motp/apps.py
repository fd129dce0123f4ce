from __future__ import annotations

from django.apps import AppConfig


class MotpConfig(AppConfig):
    name = "mfa.factors.motp"
    label = "mfa_motp"
    verbose_name = "mOTP"
