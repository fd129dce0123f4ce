from __future__ import annotations

from django.apps import AppConfig


class TemporaryConfig(AppConfig):
    name = "mfa.factors.temporary"
    label = "mfa_temporary"
    verbose_name = "Temporary access codes"
