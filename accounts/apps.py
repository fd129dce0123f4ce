from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "People"

    def ready(self) -> None:
        """Register the checks of the settings, and connect what writes numbers back."""
        from accounts import checks
        from accounts.directory import write_back

        self.checks, self.write_back = checks, write_back
