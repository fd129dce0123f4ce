"""The navigation of the admin: what the role may see, in the order of how often it is wanted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy

LISTS = (
    ("accounts.view_user", "accounts_user", gettext_lazy("People"), "users"),
    ("accounts.view_syncrun", "accounts_syncrun", gettext_lazy("Directory runs"), "refresh-cw"),
    ("accounts.view_syncproblem", "accounts_syncproblem", gettext_lazy("Unusable values"), "triangle-alert"),
    ("accounts.view_writeback", "accounts_writeback", gettext_lazy("Numbers for the directory"), "pencil"),
    ("mfa.view_application", "mfa_application", gettext_lazy("Applications"), "server"),
    ("mfa.view_rememberrule", "mfa_rememberrule", gettext_lazy("Remember rules"), "clock"),
    ("mfa.view_rule", "mfa_rule", gettext_lazy("Rules"), "clipboard-list"),
    ("mfa.view_exemption", "mfa_exemption", gettext_lazy("Exemptions"), "calendar"),
    ("mfa.view_hardwaretoken", "mfa_hardwaretoken", gettext_lazy("Hardware tokens"), "usb"),
    ("mfa.view_approval", "mfa_approval", gettext_lazy("Approvals"), "shield-check"),
    ("mfa.view_bulkact", "mfa_bulkact", gettext_lazy("Acts on lists"), "users"),
    ("mfa.view_auditevent", "mfa_auditevent", gettext_lazy("Audit trail"), "history"),
    ("mfa.view_authenticationrecord", "mfa_authenticationrecord", gettext_lazy("Authentication log"), "clipboard-list"),
    ("mfa.view_delivery", "mfa_delivery", gettext_lazy("Deliveries"), "mail"),
    ("mfa.view_finding", "mfa_finding", gettext_lazy("Health"), "circle-check"),
    ("django_celery_beat.view_periodictask", "django_celery_beat_periodictask", gettext_lazy("Schedules"), "clock"),
)
"""Right, list, label, icon."""

EXPLAINED = {
    "accounts_user": gettext_lazy("Factors, numbers, resets and activation codes"),
    "accounts_syncrun": gettext_lazy("What each run read, changed and could not use"),
    "accounts_syncproblem": gettext_lazy("Numbers and entries to correct in the directory"),
    "accounts_writeback": gettext_lazy("Confirmed numbers that the portal writes there"),
    "mfa_application": gettext_lazy("Who asks the portal for codes, with which keys"),
    "mfa_rememberrule": gettext_lazy("When nobody is asked for a code twice, and for how long"),
    "mfa_rule": gettext_lazy("Who must have which second factors, and from when"),
    "mfa_exemption": gettext_lazy("Who is let off, until when, and who answers for it"),
    "mfa_hardwaretoken": gettext_lazy("Who holds which, what is in stock, and files of new ones"),
    "mfa_approval": gettext_lazy("What waits for a second person"),
    "mfa_bulkact": gettext_lazy("What was ordered for many people, how far it is, whom it left out"),
    "mfa_auditevent": gettext_lazy("Who changed what, for whom and why"),
    "mfa_authenticationrecord": gettext_lazy("Every attempt at every door, with its cause"),
    "mfa_delivery": gettext_lazy("Messages that left, and those that did not"),
    "mfa_finding": gettext_lazy("Whether every part works, and what to do where one does not"),
    "django_celery_beat_periodictask": gettext_lazy("When the recurring jobs run"),
}


def of(request: HttpRequest) -> list[dict[str, Any]]:
    """Items for `components/nav.html`; the first one leads back to the person's own pages."""
    items: list[dict[str, Any]] = [{"label": _("My factors"), "url": reverse("dashboard")}]
    for right, name, label, icon in LISTS:
        if request.user.has_perm(right):
            url = reverse(f"admin:{name}_changelist")
            here = request.path.startswith(url)
            items.append({"label": label, "url": url, "icon": icon, "text": EXPLAINED[name], "current": here})
    return items
