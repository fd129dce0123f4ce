"""How many resets one helpdesk person may do before somebody else must look first, and who hears of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import alarm_mail, audit, roles
from mfa.delivery import outbox
from mfa.models import AuditEvent

IN_A_ROW = 20
IN_A_ROW_WITHIN = timedelta(minutes=10)
DAY = timedelta(days=1)
COUNTED = (
    "factors.reset", "activation.issued", "temporary.issued", "token.assigned", "token.taken-back", "phone.changed",
    "phone.change-started", "account.unlocked",
)  # fmt: skip
PACED = (roles.RESET_FACTORS, roles.ISSUE_ACTIVATION, roles.ASSIGN_TOKENS, roles.UNLOCK)
STOPPED = "helpdesk.stopped"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many counted acts of one agent within a span; `words` are for the agent."""

    most: int
    within: timedelta
    words: str

    @property
    def minutes(self) -> int:
        """The span as mail and audit trail give it."""
        return int(self.within.total_seconds() // 60)


def stop(right: str, actor: User, *, now: datetime) -> str:
    """Why the agent must stop here, before an act by this right, in words; empty where not. Whoever can do something
    about it is told, once for each incident: again only when the limit's span has passed since.

    The caller holds the actor's row, so that two tabs neither count nor tell past each other.
    """
    if right not in PACED or actor.has_perm(roles.TOUCH_STAFF):
        return ""
    reached = next((limit for limit in _limits() if _done(actor, limit, now) >= limit.most), None)
    if reached is None:
        return ""
    since = now - reached.within
    told = AuditEvent.objects.filter(actor=actor, action=STOPPED, at__gt=since, details__minutes=reached.minutes)
    if not told.exists():
        _tell(actor, reached, now)
    return reached.words


def _limits() -> tuple[Limit, ...]:
    a_day = _("Too many resets in 24 hours. Ask an admin, who has been told.")
    in_a_row = _("Too many resets in a short time. Wait ten minutes, or ask an admin.")
    return Limit(settings.HELPDESK_RESETS_PER_DAY, DAY, a_day), Limit(IN_A_ROW, IN_A_ROW_WITHIN, in_a_row)


def _done(actor: User, limit: Limit, now: datetime) -> int:
    """What they did to others: a number of their own is no act of helpdesk. A number that was confirmed counts as the
    code that was sent to it."""
    done = AuditEvent.objects.filter(actor=actor, action__in=COUNTED, at__gt=now - limit.within)
    confirmed = done.filter(action="phone.changed", details__confirmed=True)
    return done.exclude(user=actor).exclude(pk__in=confirmed).count()


def _tell(actor: User, limit: Limit, now: datetime) -> None:
    page = f"{reverse('admin:mfa_auditevent_changelist')}?by={actor.pk}"
    context: dict[str, object] = {
        "agent": actor.username, "most": limit.most, "minutes": limit.minutes, "hours": limit.minutes // 60,
        "at": f"{timezone.localtime(now):%H:%M}", "page_url": settings.PUBLIC_URL + page,
    }  # fmt: skip
    mails = [
        outbox.mail(user, address, "helpdesk-stopped", context, now=now) for user, address in alarm_mail.recipients()
    ]
    outbox.queue_many(mails)
    audit.record(STOPPED, user=None, actor=actor, most=limit.most, minutes=limit.minutes, mails=len(mails))
    logger.warning("helpdesk pace reached by user %s: %s in %s minutes", actor.pk, limit.most, limit.minutes)
