from __future__ import annotations

from django.apps import AppConfig


class TotpConfig(AppConfig):
    name = "mfa.factors.totp"
    label = "mfa_totp"
    verbose_name = "Authenticator apps"
