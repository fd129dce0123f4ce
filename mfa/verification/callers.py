"""Whether a caller is who they say: a code to a factor they still have, read back to helpdesk, who types it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import PhoneSource, User
from mfa import audit, budgets, codes, enrolment, holdings, kinds
from mfa.kinds import Purpose
from mfa.models import AuditEvent, CallerCheck, Factor
from mfa.outcomes import CALLER_INCORRECT, CODE_EXPIRED, Expired, Refused, Unusable
from mfa.verification import service

STANDS_FOR = timedelta(minutes=10)
"""How long a passed check unlocks acts of the agent who made it."""


class NothingToSendTo(Unusable):
    """The person has no factor of this kind that a code can be sent to."""

    @property
    def words(self) -> str:
        return _("No code can be sent there now. Choose another way, or ask a second person.")


def ways(user: User, *, actor: User, now: datetime) -> list[Factor]:
    """The factors a code can be sent to. A number that helpdesk itself put there proves nobody while it is not
    confirmed, and never to the agent who put it there: it may be the agent's own."""
    by_helpdesk = user.phone_source == PhoneSource.HELPDESK
    doubtful = by_helpdesk and (user.phone_confirmed_at is None or _set_by(actor, user))
    found = [factor for factor in holdings.usable(user, now=now) if kinds.kind(factor.kind).sends]
    return [factor for factor in found if not (doubtful and kinds.kind(factor.kind).by_phone)]


def _set_by(actor: User, user: User) -> bool:
    latest = AuditEvent.objects.filter(user=user, action="phone.changed").order_by("-pk").first()
    return latest is not None and latest.actor_id == actor.pk


@transaction.atomic
def start(user: User, kind: str, *, actor: User, now: datetime) -> CallerCheck:
    """Send the code; an older one ends, whoever asked for it. Raises Refused: NothingToSendTo, too many messages,
    locked."""
    factor = next((one for one in ways(user, actor=actor, now=now) if one.kind == kind), None)
    if factor is None:
        raise NothingToSendTo
    sent = service.challenge(factor, purpose=Purpose.CALLER, now=now)
    budgets.spend_by_agent(actor, now=now)
    audit.record("caller.asked", user=user, actor=actor, kind=kind)
    epoch = user.security_epoch  # as it was when the ways were judged, not as it is after the wait for the lock
    return CallerCheck.objects.create(agent=actor, user=user, kind=kind, token=sent.token, epoch=epoch, sent_at=now)


def latest(user: User, *, actor: User) -> CallerCheck | None:
    """The agent's latest check of this person, passed or not."""
    return CallerCheck.objects.filter(agent=actor, user=user).order_by("-pk").first()


def finish(user: User, text: str, *, actor: User, now: datetime) -> None:
    """Judge what the caller read back. Raises Refused, with the try counted in the code."""
    refusal: Refused | None = None
    with transaction.atomic():
        person = enrolment.lock_person(user)
        check = latest(user, actor=actor)
        try:
            if check and check.epoch != person.security_epoch:
                raise Expired(CODE_EXPIRED)
            codes.spend(
                user, Purpose.CALLER, check.token if check else "", text.strip(), wrong=CALLER_INCORRECT, now=now,
                kind=check.kind if check else "",
            )  # fmt: skip
        except Refused as refused:
            refusal = refused
        else:
            CallerCheck.objects.filter(token=check.token if check else "").update(passed_at=now)
        action = "caller.failed" if refusal else "caller.passed"
        audit.record(action, user=user, actor=actor, kind=check.kind if check else "")
    if refusal:
        raise refusal


def passed(user: User, act: str, *, actor: User, now: datetime) -> CallerCheck | None:
    """The check that stands for this act of the agent now: passed a moment ago, not used for it yet, and nothing it
    rests on has changed (a phone that was reported lost, a new number)."""
    found = standing(user, actor=actor, now=now)
    return found if found and act not in found.used_for else None


def standing(user: User, *, actor: User, now: datetime) -> CallerCheck | None:
    """The agent's check of this person that was passed a moment ago, whatever it was used for."""
    found = latest(user, actor=actor)
    if found is None or found.passed_at is None:
        return None
    unchanged = User.objects.filter(pk=user.pk, security_epoch=found.epoch).exists()
    return found if unchanged and found.passed_at <= now < found.passed_at + STANDS_FOR else None


def carry_on(check: CallerCheck, user: User) -> None:
    """Let the check stand for the agent's next act though this one has ended the person's sessions. The caller has held
    the person's row since it found the check standing, so that nothing else can have ended them."""
    check.epoch = User.objects.values_list("security_epoch", flat=True).get(pk=user.pk)
    check.save(update_fields=["epoch"])


def use(user: User, act: str, *, actor: User, now: datetime) -> bool:
    """Use the check up for this act; False where there is none. The caller holds the rows of agent and person."""
    found = passed(user, act, actor=actor, now=now)
    if found is None:
        return False
    found.used_for = [*found.used_for, act]
    found.save(update_fields=["used_for"])
    return True
