"""The page of one attempt: how it ended and why, in the words of the log and of the person, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, explanations, holdings, outcomes
from mfa.authlog import endings, results
from mfa.authlog.endings import Ending
from mfa.desk import log_figures, log_filters, person, same_request
from mfa.models import Application, AuthenticationRecord, Factor, RememberRule

AROUND = timedelta(minutes=10)
MOST_AROUND = 10
UNLOCK, ACTIVATE, LEND, RESET_ONE, REACTIVATE = "unlock", "activate", "temporary", "reset-one", "reactivate"
MENDED_BY = {
    outcomes.ACCOUNT_LOCKED.code: UNLOCK, outcomes.FACTOR_DISABLED.code: UNLOCK,
    outcomes.NOTHING_ENROLLED.code: ACTIVATE, outcomes.ACTIVATION_INCORRECT.code: ACTIVATE,
    outcomes.TEMPORARY_INCORRECT.code: LEND, outcomes.TEMPORARY_OVER.code: LEND,
    outcomes.UNREADABLE.code: RESET_ONE, outcomes.PASSKEY_COUNTER.code: RESET_ONE,
    outcomes.USER_DISABLED.code: REACTIVATE,
}  # fmt: skip
"""The act of the admin that ends the cause; all else is the person's to mend, or a server's."""
NOT_SENT = (outcomes.SMS_NOT_SENT.code, outcomes.EMAIL_NOT_SENT.code, outcomes.SENDING_LIMIT.code)
Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Near:
    """Another attempt of the same person, shortly before or after."""

    row: AuthenticationRecord
    ending: Ending
    tone: str
    meaning: str
    url: str


def context(request: HttpRequest, row: AuthenticationRecord, *, now: datetime) -> dict[str, Any]:
    """All that the page shows."""
    actor = cast(User, request.user)
    application = Application.objects.filter(slug=row.application).first()
    ending = endings.of(row.code, accepted=row.accepted)
    return same_request.context(request, row) | {
        "row": row, "ending": ending, "tone": endings.TONES[ending], "meaning": results.meaning(row.code),
        "told": explanations.of(row), "tried": explanations.kind_words(row), "door": _door(row),
        "place": application.name if application else row.application, "application": application,
        "rule": RememberRule.objects.filter(name=row.rule).first() if row.rule else None,
        "mends": [] if row.accepted else list(_mends(row, actor, now)),
        "looks": list(_looks(row, application)), "near": _near(row),
    }  # fmt: skip


def _door(row: AuthenticationRecord) -> str:
    if row.application in applications.OWN:
        return _("Portal")
    return _("RADIUS") if row.request_id.startswith(log_filters.RADIUS_IDS) else _("HTTPS interface")


def _mends(row: AuthenticationRecord, actor: User, now: datetime) -> Iterator[Link]:
    """What ends the cause, one click away: an act that the actor may do to this person, or the place of the fault."""
    if row.user and row.code in MENDED_BY:
        held = set(Factor.objects.filter(user=row.user).values_list("kind", flat=True))
        offers = person.offers(row.user, actor, holdings.usable(row.user, now=now), held, now=now)
        slug = MENDED_BY[row.code]
        yield from ((str(one.act.label), one.url) for one in offers if one.act.slug == slug and not one.refused)
    if row.code in NOT_SENT and row.user:
        query = urlencode([("user__id__exact", row.user.pk), ("message", "codes")])
        yield _("See what became of the messages"), f"{reverse('admin:mfa_delivery_changelist')}?{query}"
    elif row.code == outcomes.DIRECTORY_UNREACHABLE.code:
        yield _("See how the directory is"), reverse("admin:mfa_finding_changelist")
    elif row.code == outcomes.USER_NOT_FOUND.code:
        query = urlencode({"q": row.username})
        yield _("Look for somebody of a similar name"), f"{reverse('admin:accounts_user_changelist')}?{query}"
    elif row.code == outcomes.SOURCE_HELD_UP.code:
        yield _("See all attempts from this address"), log_figures.address({"q": row.address})


def _looks(row: AuthenticationRecord, application: Application | None) -> Iterator[Link]:
    """Pages that tell more of it."""
    if row.user:
        yield _("Why can't they sign in?"), reverse("admin:accounts_user_why", args=[row.user.pk])
        if application and application.active:
            case = urlencode([("person", row.username), ("application", application.pk), ("address", row.address)])
            yield _("What would be asked now?"), f"{reverse('admin:mfa_authenticationrecord_simulate')}?{case}"
        yield _("All attempts of this person"), log_figures.address({"user__id__exact": row.user.pk})
    yield _("All attempts at this application"), log_figures.address({"where": row.application})


def _near(row: AuthenticationRecord) -> list[Near]:
    if row.user is None:
        return []
    span = (row.at - AROUND, row.at + AROUND)
    rows = AuthenticationRecord.objects.filter(user=row.user, at__range=span).exclude(pk=row.pk)
    return [_one(other) for other in rows.order_by("at", "pk")[:MOST_AROUND]]


def _one(row: AuthenticationRecord) -> Near:
    ending = endings.of(row.code, accepted=row.accepted)
    url = reverse("admin:mfa_authenticationrecord_change", args=[row.pk])
    return Near(row, ending, endings.TONES[ending], results.meaning(row.code), url)
