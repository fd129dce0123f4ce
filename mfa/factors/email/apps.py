from __future__ import annotations

from django.apps import AppConfig


class EmailConfig(AppConfig):
    name = "mfa.factors.email"
    label = "mfa_email"
    verbose_name = "Codes by e-mail"
