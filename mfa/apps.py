from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class MfaConfig(AppConfig):
    name = "mfa"
    default = True
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Second factors"


class PortalAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "mfa.admin_site.PortalAdminSite"
