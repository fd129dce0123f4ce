from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class MfaConfig(AppConfig):
    name = "mfa"
    default = True
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Second factors"

    def ready(self) -> None:
        """Connect what reacts to changes in accounts, and register the checks of the settings."""
        from mfa import checks, directory_events, receivers, run_alarms  # noqa: F401 (models are ready only now)


class PortalAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "mfa.admin_site.PortalAdminSite"
