"""What the Django admin shows, and what it leaves out: raw groups, raw factors and job results have no pages."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group
from django_celery_results.models import GroupResult, TaskResult

from accounts.models import SyncProblem, SyncRun, User, WriteBack
from mfa.desk import (
    applications,
    approvals,
    authentication_log,
    bulk_acts,
    deliveries,
    exemptions,
    health,
    problems,
    remember_rules,
    rules,
    runs,
    schedules,
    trail,
    write_backs,
)
from mfa.desk.people import PersonAdmin
from mfa.desk.tokens import TokenAdmin
from mfa.models import (
    Application,
    Approval,
    AuditEvent,
    AuthenticationRecord,
    BulkAct,
    Delivery,
    Exemption,
    Finding,
    HardwareToken,
    RememberRule,
    Rule,
)

admin.site.register(User, PersonAdmin)
admin.site.register(SyncRun, runs.RunAdmin)
admin.site.register(SyncProblem, problems.ProblemAdmin)
admin.site.register(WriteBack, write_backs.WriteBackAdmin)
admin.site.register(Delivery, deliveries.DeliveryAdmin)
admin.site.register(BulkAct, bulk_acts.BulkAdmin)
admin.site.register(Approval, approvals.ApprovalAdmin)
admin.site.register(Application, applications.ApplicationAdmin)
admin.site.register(RememberRule, remember_rules.RememberRuleAdmin)
admin.site.register(Rule, rules.RuleAdmin)
admin.site.register(Exemption, exemptions.ExemptionAdmin)
admin.site.register(Finding, health.HealthAdmin)
admin.site.register(HardwareToken, TokenAdmin)
admin.site.register(AuditEvent, trail.AuditAdmin)
admin.site.register(AuthenticationRecord, authentication_log.RecordAdmin)

schedules.register(admin.site)
for hidden in (Group, TaskResult, GroupResult):
    if admin.site.is_registered(hidden):
        admin.site.unregister(hidden)
