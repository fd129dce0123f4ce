"""What is asked of a person and not there yet, in words for that person."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext

from accounts.models import User
from mfa import kinds
from mfa.demands import Asked, Missing, Standing
from mfa.kinds import FactorKind
from mfa.notes import CardAction, Note
from mfa.pages import cards


def words(missing: Missing) -> str:
    """What is missing in one sentence; empty where nothing is."""
    if not missing.factors:
        return _("Recovery codes are missing.") if missing.backup else ""
    if missing.backup:
        text = ngettext(
            "%(count)d second factor and recovery codes are missing.",
            "%(count)d second factors and recovery codes are missing.",
            missing.factors,
        )
    else:
        text = ngettext("%(count)d second factor is missing.", "%(count)d second factors are missing.", missing.factors)
    return text % {"count": missing.factors}


def notes(standing: Standing, *, now: datetime) -> list[Note]:
    """For the person's first page: what is missing, and from when nothing else opens; none where all is there."""
    if standing.complete or standing.until is None or standing.until <= now:
        return []
    title = _("Your organisation asks for more by %(day)s.") % {"day": day(standing.until)}
    after = _("You can go on until then. After that, nothing else opens until this is done.")
    text = f"{words(standing.in_all)} {after}"
    backup = next((kind for kind in kinds.registry().values() if kind.backup and kind.add_url()), None)
    if standing.in_all.factors or backup is None:
        return [Note("warn", title, text, (CardAction(_("Set it up now"), reverse("enrol")),))]
    return [Note("warn", title, text, (CardAction(_("Make recovery codes"), backup.add_url() or ""),))]


def choices(user: User, asked: Asked, missing: Missing) -> list[FactorKind]:
    """The kinds to add for what is missing, the strongest first: factors before recovery codes."""
    if missing and not missing.factors:
        return [kind for kind in kinds.registry().values() if kind.backup and kind.add_url()]
    return [kind for kind in cards.first(user) if asked.allows(kind.slug)]


def day(moment: datetime) -> str:
    """A day as the pages write it: 3 Aug 2026."""
    return date_format(timezone.localtime(moment), "DATE_FORMAT")
