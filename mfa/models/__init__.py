"""All tables of the second factors, by subject. Rules live elsewhere; here are columns, constraints and querysets."""

from __future__ import annotations

from mfa.models.applications import Application, ApplicationKey, Prompt, RadiusAnswer, Remembered, RememberRule
from mfa.models.approvals import Approval, CallerCheck
from mfa.models.browsers import KnownBrowser, OpenSession
from mfa.models.bulk import BulkAct, BulkPerson
from mfa.models.configuration import Revision
from mfa.models.deliveries import Delivery, DeliveryAlarm
from mfa.models.factors import Budget, Factor, GuessCounter, OneTimeCode
from mfa.models.health import Finding
from mfa.models.policies import Exemption, Policy, Reminder, Rule
from mfa.models.preferences import Preference
from mfa.models.records import AuditEvent, AuthenticationRecord
from mfa.models.tokens import HardwareToken, TokenBatch

__all__ = [
    "Application",
    "ApplicationKey",
    "Approval",
    "AuditEvent",
    "AuthenticationRecord",
    "Budget",
    "BulkAct",
    "BulkPerson",
    "CallerCheck",
    "Delivery",
    "DeliveryAlarm",
    "Exemption",
    "Factor",
    "Finding",
    "GuessCounter",
    "HardwareToken",
    "KnownBrowser",
    "OneTimeCode",
    "OpenSession",
    "Policy",
    "Preference",
    "Prompt",
    "RadiusAnswer",
    "RememberRule",
    "Remembered",
    "Reminder",
    "Revision",
    "Rule",
    "TokenBatch",
]
