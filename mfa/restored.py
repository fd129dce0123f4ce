"""What must not count any more after the database was put back to an earlier day."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F

from accounts.models import User
from mfa import audit, kinds
from mfa.models import Factor, OneTimeCode, OpenSession, Prompt, RadiusAnswer, Remembered

Ending = OneTimeCode.Ending


@transaction.atomic
def end_all(*, lists: bool, now: datetime) -> dict[str, int]:
    """End for everybody what the older database may have brought back: sessions, remembered verifications, open
    prompts, live one-time codes, answers kept for RADIUS; with `lists` the lists of codes too, of which spent ones
    count again.

    A fixed number of statements however many people there are. Returns how many of each; one audit event has them.
    """
    counts: dict[str, int] = {
        "people": User.objects.update(security_epoch=F("security_epoch") + 1),
        "open_sessions": OpenSession.objects.all().delete()[0],
        "sessions": Session.objects.all().delete()[0],
        "remembered": Remembered.objects.all().delete()[0],
        "prompts": Prompt.objects.all().delete()[0],
        "codes": OneTimeCode.objects.filter(ending=Ending.LIVE).update(ending=Ending.REPLACED, ended_at=now),
        "radius_answers": RadiusAnswer.objects.all().delete()[0],
        "lists": Factor.objects.filter(kind__in=_lists()).delete()[0] if lists else 0,
    }
    audit.record("restore.cleaned", user=None, actor=None, **cast("dict[str, Any]", counts))
    return counts


def _lists() -> list[str]:
    return [slug for slug, kind in kinds.registry().items() if kind.is_list]
