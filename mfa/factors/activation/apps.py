from __future__ import annotations

from django.apps import AppConfig


class ActivationConfig(AppConfig):
    name = "mfa.factors.activation"
    label = "mfa_activation"
    verbose_name = "Activation codes"
