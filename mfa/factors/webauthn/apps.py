from __future__ import annotations

from django.apps import AppConfig


class WebauthnConfig(AppConfig):
    name = "mfa.factors.webauthn"
    label = "mfa_webauthn"
    verbose_name = "Passkeys"
