from __future__ import annotations

from django.apps import AppConfig


class TokenConfig(AppConfig):
    name = "mfa.factors.token"
    label = "mfa_token"
    verbose_name = "Hardware tokens"
