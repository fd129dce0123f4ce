"""Doing an act on a list: in turns and portions, each person in a transaction of their own together with their row of
the list. So whoever is killed in between has done every person once or not at all, and the next one goes on."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from celery import current_app
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import ChannelError, OperationalError as BrokerError

from accounts import trace
from accounts.models import User
from mfa import audit
from mfa.crypto import Undecryptable
from mfa.desk import acts, bulk as bulks, reach
from mfa.desk.acts import Act
from mfa.desk.perform import act_on
from mfa.models import BulkAct, BulkPerson

TASK = "mfa.tasks.act_on_list"
PORTION = 20
"""After so many people the worker looks whether it was cancelled, and the actor's rights are read again."""
TURN_SECONDS = 20.0
"""Then the job goes to the back of the queue, so that codes never wait for a long list."""
ENDED = {"done": "bulk.done", "stopped": "bulk.stopped"}
"""What ends it in the audit trail."""
SILENT_TOO_LONG = timedelta(minutes=2)
FAULTS = (
    ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, ObjectDoesNotExist,
    DatabaseError, Undecryptable,
)  # fmt: skip
"""What can go wrong with one person and says nothing of the others."""

logger = logging.getLogger(__name__)


def wake(pk: int) -> bool:
    """Tell the workers; False where the broker is out of reach: the sweep of each minute finds the row."""
    try:
        current_app.send_task(TASK, kwargs={"bulk_id": pk})
    except (BrokerError, ChannelError, OSError):
        return False
    return True


def sweep(*, now: datetime) -> None:
    """Wake workers for every act that waits, or whose worker has given no sign of life."""
    for pk in BulkAct.objects.filter(_free(now), state__in=bulks.AT_WORK).values_list("pk", flat=True):
        wake(pk)


def work(pk: int) -> None:
    """One turn. Nothing happens where another worker is at it, or it is over."""
    worker = secrets.token_hex(16)
    if not _mine(pk, worker):
        return
    bulk = BulkAct.objects.select_related("actor").get(pk=pk)
    until = time.monotonic() + TURN_SECONDS
    with _traced(bulk):
        while time.monotonic() < until:
            if not _portion(bulk, worker):
                return
    if BulkAct.objects.filter(pk=pk, worker=worker, state=BulkAct.State.RUNNING).update(worker="", beat_at=None):
        wake(pk)


def _mine(pk: int, worker: str) -> bool:
    now = timezone.now()
    free = BulkAct.objects.filter(_free(now), pk=pk, state__in=bulks.AT_WORK)
    return bool(free.update(state=BulkAct.State.RUNNING, worker=worker, beat_at=now))


def _free(now: datetime) -> Q:
    return Q(worker="") | Q(beat_at__lt=now - SILENT_TOO_LONG)


@contextlib.contextmanager
def _traced(bulk: BulkAct) -> Iterator[None]:
    """What is audited names the address and the request that the order came from."""
    tokens = trace.address.set(bulk.address), trace.request_id.set(bulk.request_id)
    try:
        yield
    finally:
        trace.address.reset(tokens[0])
        trace.request_id.reset(tokens[1])


def _portion(bulk: BulkAct, worker: str) -> bool:
    """The next few people; False where there is nothing more to do in this turn."""
    at_it = BulkAct.objects.filter(pk=bulk.pk, worker=worker, state=BulkAct.State.RUNNING)
    if not at_it.update(beat_at=timezone.now()):
        return False  # cancelled, or taken for dead
    act, actor = acts.BY_SLUG[bulk.act], User.objects.get(pk=bulk.actor_id)
    if not reach.may(actor, act):
        return _end(bulk, worker, BulkAct.State.STOPPED, _("Whoever ordered it may not do this any more."))
    waiting = bulk.people.filter(state=BulkPerson.State.WAITING).order_by("pk").values_list("pk", flat=True)
    some = list(waiting[:PORTION])
    if not some:
        return _end(bulk, worker, BulkAct.State.DONE, "")
    if bulks.is_over(bulk, now=timezone.now()):
        return _end(bulk, worker, BulkAct.State.STOPPED, str(bulks.TOO_OLD))
    for pk in some:
        if words := _try(bulk, act, actor, pk):
            return _end(bulk, worker, BulkAct.State.STOPPED, words)
    return True


def _try(bulk: BulkAct, act: Act, actor: User, pk: int) -> str:
    """Do it to one person; why all of it has to stop, in words, else nothing. What fails for one holds nobody up."""
    try:
        return _settle(bulk, act, actor, pk)
    except (OperationalError, InterfaceError):  # the database itself: the sweep tries again
        raise
    except FAULTS:
        logger.exception("act %s of list %s failed for row %s", act.slug, bulk.pk, pk)
        words = _("Something went wrong; the log of the server says what.")
        BulkPerson.objects.filter(pk=pk, state=BulkPerson.State.WAITING).update(
            state=BulkPerson.State.FAILED, words=words
        )
        return ""


@transaction.atomic
def _settle(bulk: BulkAct, act: Act, actor: User, pk: int) -> str:
    """The act and its row together."""
    rows = BulkPerson.objects.select_for_update(of=("self",)).select_related("user")
    row = rows.filter(pk=pk, state=BulkPerson.State.WAITING).first()
    if row is None:
        return ""
    vouched = bulks.vouches_for(bulk, row.user)
    outcome = act_on(act, bulks.order_of(bulk, actor, now=timezone.now()), row.user, vouched=vouched)
    if outcome.stops:
        return outcome.refused
    row.state = BulkPerson.State.SKIPPED if outcome.refused else BulkPerson.State.DONE
    row.words = outcome.refused[:300]
    row.save(update_fields=["state", "words"])
    return ""


@transaction.atomic
def _end(bulk: BulkAct, worker: str, state: str, words: str) -> bool:
    at_it = BulkAct.objects.filter(pk=bulk.pk, worker=worker, state=BulkAct.State.RUNNING)
    if at_it.update(state=state, message=words[:300], finished_at=timezone.now(), worker=""):
        counts = {name: bulk.people.filter(state=name).count() for name in BulkPerson.State.values}
        audit.record(ENDED[state], user=None, actor=bulk.actor, reason=words, bulk=bulk.pk, act=bulk.act, **counts)
    return False
