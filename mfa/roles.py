"""The three roles and their rights. A person has a role by its group, and enters the admin with `is_staff` besides."""

from __future__ import annotations

from typing import Final

from django.apps.registry import Apps

HELPDESK: Final = "helpdesk"
ADMIN: Final = "admin"
AUDITOR: Final = "auditor"

SEE_PHONES: Final = "accounts.see_phones"
TOUCH_STAFF: Final = "accounts.touch_staff"
GIVE_ROLES: Final = "accounts.give_roles"
END_SESSIONS: Final = "accounts.end_sessions"
START_SYNC: Final = "accounts.start_sync"
OVERRULE_SYNC: Final = "accounts.overrule_sync"
RESET_FACTORS: Final = "mfa.reset_factors"
UNLOCK: Final = "mfa.unlock_accounts"
ISSUE_ACTIVATION: Final = "mfa.issue_activation"
ASSIGN_TOKENS: Final = "mfa.assign_tokens"
IMPORT_TOKENS: Final = "mfa.import_tokens"
SEND_TEST: Final = "mfa.send_test"

OWN_RIGHTS: Final[dict[str, tuple[str, str]]] = {
    SEE_PHONES: ("user", "Can see whole phone numbers and recipients"),
    TOUCH_STAFF: ("user", "Can act on people who may enter the admin"),
    GIVE_ROLES: ("user", "Can give and take roles"),
    END_SESSIONS: ("user", "Can end sessions"),
    START_SYNC: ("syncrun", "Can start a directory run"),
    OVERRULE_SYNC: ("syncrun", "Can apply a stopped plan and undo a run"),
    RESET_FACTORS: ("factor", "Can reset factors"),
    UNLOCK: ("factor", "Can unlock accounts"),
    ISSUE_ACTIVATION: ("onetimecode", "Can issue activation codes"),
    ASSIGN_TOKENS: ("hardwaretoken", "Can give out and take back hardware tokens"),
    IMPORT_TOKENS: ("hardwaretoken", "Can import hardware tokens"),
    SEND_TEST: ("delivery", "Can send test messages"),
}
"""Rights that are not Django's own four, with the model they hang on."""

_SEE_PEOPLE = ("accounts.view_user", "mfa.view_factor", "mfa.view_policy", "mfa.view_hardwaretoken")
_SEE_ALL = (
    *_SEE_PEOPLE,
    "accounts.view_syncrun",
    "accounts.view_syncproblem",
    "accounts.view_syncchange",
    "accounts.view_writeback",
    "mfa.view_auditevent",
    "mfa.view_authenticationrecord",
    "mfa.view_delivery",
    "mfa.view_application",
    "mfa.view_finding",
    "mfa.view_rememberrule",
    "mfa.view_approval",
    "mfa.view_bulkact",
    "mfa.view_rule",
    "mfa.view_exemption",
    "django_celery_beat.view_periodictask",
    "django_celery_beat.view_crontabschedule",
    "django_celery_beat.view_intervalschedule",
)
_HELP = (RESET_FACTORS, UNLOCK, ISSUE_ACTIVATION, ASSIGN_TOKENS)
_SCHEDULES = tuple(
    f"django_celery_beat.{verb}_{model}"
    for verb in ("add", "change", "delete")
    for model in ("periodictask", "crontabschedule", "intervalschedule")
)

RIGHTS: Final[dict[str, tuple[str, ...]]] = {
    HELPDESK: (*_SEE_PEOPLE, *_HELP, "mfa.view_approval", "mfa.view_bulkact"),
    AUDITOR: _SEE_ALL,
    ADMIN: (
        *_SEE_ALL, *_HELP, *_SCHEDULES, IMPORT_TOKENS, SEND_TEST, SEE_PHONES, TOUCH_STAFF, GIVE_ROLES, END_SESSIONS,
        START_SYNC, OVERRULE_SYNC, "accounts.add_user", "accounts.change_user", "accounts.change_writeback",
        "mfa.change_policy", "mfa.change_application",
        "mfa.change_rule", "mfa.change_exemption",
    ),
}  # fmt: skip


def make(apps: Apps) -> None:
    """Create the groups, or bring them back to exactly these rights. `apps` may be a migration's registry."""
    group = apps.get_model("auth", "Group")
    for role, rights in RIGHTS.items():
        row, _ = group.objects.get_or_create(name=role)
        row.permissions.set([_permission(apps, right) for right in rights])


def _permission(apps: Apps, right: str) -> int:
    """The right's row, made here where Django has not come to it yet (it does so after all migrations)."""
    app_label, codename = right.split(".")
    model, name = OWN_RIGHTS.get(right) or (codename.partition("_")[2], f"Can {codename.replace('_', ' ')}")
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app_label, model=model)
    row, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename=codename, defaults={"name": name}
    )
    return int(row.pk)
