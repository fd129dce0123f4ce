"""A new number that the caller confirms: a code goes there, the caller reads it to the agent, who types it.

Nothing about the account changes before. What vouches for the act is looked for when the code is sent, and used up in
the transaction that saves the number: so it serves once, and is still there where no code ever comes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.phones import mask
from mfa import audit, budgets, codes, kinds, limits, sms_codes
from mfa.desk import perform, vouching
from mfa.desk.acts import BY_SLUG
from mfa.desk.asked import Order
from mfa.desk.forms import READ_BACK
from mfa.kinds import Purpose
from mfa.models import Delivery, OneTimeCode
from mfa.outcomes import CALLER_INCORRECT, Expired, Refused, Replayed, Unusable, WrongCode

ACT = BY_SLUG["phone"]
COUNTED = "helpdesk-phone"
"""Wrong codes are counted under this name for the person, whoever types them."""
WAITS = timedelta(minutes=15)
"""How long a change waits for its code, with every code that is sent for it."""
SESSION_KEY = "numbers_to_confirm"


class NotDone(Unusable):
    """Something speaks against the act, as the words say."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.cause = words

    @property
    def words(self) -> str:
        return self.cause


class Over(Unusable):
    """No change of this agent waits for a code: finished, too old, or something about the account has changed since."""

    @property
    def words(self) -> str:
        return _("No new number waits for a code here any more. Begin again if it is still needed.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a code, as the session of the agent keeps it. `token` names the code, which has the number;
    `epoch` is the person's `security_epoch` that it ends with."""

    token: str
    delivery: int
    epoch: int
    begun_at: float
    reason: str
    ticket: str
    identity: str

    @property
    def until(self) -> datetime:
        """When it is over, whatever is sent for it until then."""
        return datetime.fromtimestamp(self.begun_at, UTC) + WAITS

    def order(self, number: str, *, actor: User, now: datetime) -> Order:
        """The act as it was asked for, with the number that the code has."""
        return Order(
            actor=actor, reason=self.reason, now=now, ticket=self.ticket, identity=self.identity, number=number,
            confirmation=READ_BACK, begun_at=datetime.fromtimestamp(self.begun_at, UTC),
        )  # fmt: skip


def of(session: SessionBase, person: User) -> Waiting:
    """What this session waits for about the person. Raises Over where it waits for nothing."""
    found: dict[str, Any] | None = session.get(SESSION_KEY, {}).get(str(person.pk))
    if found is None:
        raise Over
    return Waiting(**found)


def keep(session: SessionBase, person: User, waiting: Waiting, *, now: datetime) -> None:
    """Let the session wait for this about the person; what is over about others is forgotten."""
    oldest = (now - WAITS).timestamp()
    others = {pk: one for pk, one in session.get(SESSION_KEY, {}).items() if one["begun_at"] > oldest}
    session[SESSION_KEY] = others | {str(person.pk): asdict(waiting)}


def pending(person: User, waiting: Waiting, *, actor: User, now: datetime) -> OneTimeCode:
    """The code that is waited for, be it too old or worn out by now. Raises Over."""
    over = (OneTimeCode.Ending.SPENT, OneTimeCode.Ending.REPLACED)
    rows = OneTimeCode.objects.filter(user=person, purpose=Purpose.HELPDESK_PHONE, token=waiting.token)
    found = rows.filter(issued_by=actor).exclude(ending__in=over).first()
    if found is None or waiting.epoch != person.security_epoch or now >= waiting.until:
        raise Over
    return found


def is_sent(session: SessionBase, person: User, order: Order) -> bool:
    """Whether the session waits for exactly this, by a code that still counts."""
    try:
        waiting = of(session, person)
        row = pending(person, waiting, actor=order.actor, now=order.now)
    except Over:
        return False
    same = (waiting.reason, waiting.ticket, waiting.identity) == (order.reason, order.ticket, order.identity)
    return same and row.target == order.number and not row.ending and row.expires_at > order.now


def begin(person: User, order: Order) -> Waiting:
    """Send a code to the number of the order; an older one ends, whoever asked for it. Raises Refused."""
    with transaction.atomic():
        person, order = perform.lock(person, order)
        stopped = perform.refused(ACT, order, person)
        if stopped is None:
            return _send(person, order)
    raise NotDone(stopped.refused)


def again(person: User, waiting: Waiting, *, actor: User, now: datetime) -> Waiting:
    """Send a new code to the same number; the older one ends. Raises Refused."""
    row = pending(person, waiting, actor=actor, now=now)
    begun = begin(person, waiting.order(row.target, actor=actor, now=now))
    return replace(begun, epoch=waiting.epoch)  # what changed the account meanwhile ends this one too


def finish(person: User, waiting: Waiting, text: str, *, actor: User, now: datetime) -> None:
    """The right code saves the number. Raises Refused, with the try counted."""
    refusal: Refused
    with transaction.atomic():
        person, order = perform.lock(person, waiting.order("", actor=actor, now=now))
        try:
            number = pending(person, waiting, actor=order.actor, now=now).target
            return _judge(person, replace(order, number=number), waiting.token, codes.compact(text))
        except Refused as refused:
            refusal = refused
    raise refusal


def _send(person: User, order: Order) -> Waiting:
    _require_vouching(person, order)
    limits.check(limits.lock(limits.of_account(person)), COUNTED, now=order.now)
    token, delivery = sms_codes.send(
        person, order.number, Purpose.HELPDESK_PHONE, template="helpdesk-phone", now=order.now, target=order.number,
        issued_by=order.actor,
    )  # fmt: skip
    budgets.spend_by_agent(order.actor, now=order.now)
    told = {"new": mask(order.number)} | order.proof
    audit.record("phone.change-started", user=person, actor=order.actor, reason=order.reason, **told)
    begun_at = (order.begun_at or order.now).timestamp()
    return Waiting(token, delivery.pk, person.security_epoch, begun_at, order.reason, order.ticket, order.identity)


def _judge(person: User, order: Order, token: str, text: str) -> None:
    """The caller holds both rows, and commits on a refusal too."""
    if stopped := perform.refused(ACT, order, person, counted=True):
        raise NotDone(stopped.refused)
    _require_vouching(person, order)
    _spend(person, order, token, text)
    if refused := perform.do(ACT, order, person).refused:
        raise NotDone(refused)


def _spend(person: User, order: Order, token: str, text: str) -> None:
    counter, kind = limits.lock(limits.of_account(person)), kinds.carrier(Delivery.Channel.SMS)
    limits.check(counter, COUNTED, now=order.now)
    try:
        codes.spend(person, Purpose.HELPDESK_PHONE, token, text, wrong=CALLER_INCORRECT, now=order.now, kind=kind)
    except (WrongCode, Expired, Replayed):
        limits.fail(counter, COUNTED, now=order.now)
        audit.record("phone.read-back-failed", user=person, actor=order.actor)
        raise
    limits.clear(counter, COUNTED)


def _require_vouching(person: User, order: Order) -> None:
    """Before a code is sent or judged, so that no code is wasted on what would be refused then."""
    if vouching.needed(ACT, order, [person]) and not vouching.stands(ACT, order, [person]):
        raise NotDone(vouching.wanted(ACT))
