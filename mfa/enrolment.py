"""The acts on a person's factors that are the same for every kind: begin, confirm, rename, remove, reset, unlock. What
a person has is `mfa.holdings`.

Each locks the person's row first, so that two tabs cannot together do what one may not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import users
from accounts.models import User
from mfa import audit, cool_down, holdings, kinds, limits, notifications, policy
from mfa.models import Factor, OneTimeCode
from mfa.outcomes import NOTHING_ENROLLED, Refused, Unusable

PENDING_FOR = timedelta(minutes=15)
TRIES = 10
"""Wrong first codes after which a waiting factor has to be set up anew. They guess at what is on the person's own
screen, so they do not count against the account."""
NAME_LENGTH = 64


class LastFactor(Refused):
    """Removing it would leave a person with less than they must have."""

    def __init__(self) -> None:
        super().__init__(NOTHING_ENROLLED)


class KindNotAllowed(Unusable):
    """A rule of the organisation does not let the person have a factor of this kind."""

    @property
    def words(self) -> str:
        return _("Your organisation does not offer you this kind of factor. Choose another one.")


def may_add(user: User, kind: str, *, now: datetime) -> bool:
    """Whether the rules let the person have a factor of the kind. Recovery codes are no kind that rules speak of."""
    return kinds.kind(kind).backup or policy.of(user, now=now).allows(kind)


def free_name(user: User, kind: str) -> str:
    """The kind's label, or with the first free number behind it."""
    label = str(kinds.kind(kind).label)
    taken = set(Factor.objects.filter(user=user, kind=kind, confirmed=True).values_list("name", flat=True))
    names = (f"{label} {number}" for number in range(2, len(taken) + 3))
    return label if label not in taken else next(name for name in names if name not in taken)


@transaction.atomic
def begin(user: User, kind: str, secret: bytes, *, name: str, now: datetime) -> Factor:
    """A factor that waits for its first right code. Any other waiting one of the kind is discarded. Raises
    KindNotAllowed."""
    lock_person(user)
    if not may_add(user, kind, now=now):
        raise KindNotAllowed
    Factor.objects.filter(user=user, kind=kind, confirmed=False, last_used_at=None, disabled_at=None).delete()
    factor = Factor(user=user, kind=kind, name=name[:NAME_LENGTH], confirmed=False, created_at=now)
    factor.expires_at = now + PENDING_FOR
    factor.seal(secret)
    factor.save()
    return factor


def waiting(user: User, kind: str, pk: int | None, *, now: datetime, lock: bool = False) -> Factor | None:
    """The person's factor that waits for its first code under this id, with its row locked if asked; None where it
    expired, was discarded for a newer one, or counts already."""
    rows = Factor.objects.select_for_update() if lock else Factor.objects.all()
    return rows.filter(user=user, kind=kind, confirmed=False, expires_at__gt=now, pk=pk or 0).first()


def count_try(factor: Factor) -> None:
    """Count a wrong first code; after TRIES of them the waiting factor is discarded. The caller holds its row."""
    tries = factor.state.get("tries", 0) + 1
    if tries >= TRIES:
        factor.delete()
        return
    factor.state["tries"] = tries
    factor.save(update_fields=["state"])


@transaction.atomic
def confirm(factor: Factor, *, actor: User, now: datetime, replaces: Factor | None = None) -> None:
    """Make a waiting factor count; `replaces` dies in the same moment. The caller holds the factor's row. Raises
    KindNotAllowed."""
    user = lock_person(factor.user)
    if not may_add(user, factor.kind, now=now):
        raise KindNotAllowed
    factor.confirmed = True
    factor.new_since = cool_down.since(user)
    factor.expires_at = None
    factor.save()
    if replaces is not None:
        Factor.objects.filter(pk=replaces.pk, user=user).delete()
    policy.demand_activation(user, demanded=False)
    if not kinds.kind(factor.kind).backup and end_lent(user):
        audit.record("temporary.ended", user=user, actor=actor)
    users.move_epoch(user)
    action = "factor.replaced" if replaces is not None else "factor.added"
    audit.record_of(factor, action, actor=actor, **({"replaces": replaces.pk} if replaces is not None else {}))
    _tell(user, action, factor, now=now)


def end_lent(user: User) -> bool:
    """End what helpdesk lent the person; whether there was anything. The caller holds the person's row."""
    lent = [kind.slug for kind in kinds.registry().values() if kind.lent]
    return bool(Factor.objects.filter(user=user, kind__in=lent).delete()[0])


@transaction.atomic
def rename(factor: Factor, name: str, *, actor: User) -> None:
    """Give a factor another name, of at most NAME_LENGTH characters."""
    old = factor.name
    Factor.objects.filter(pk=factor.pk, user_id=factor.user_id).update(name=name[:NAME_LENGTH])
    factor.name = name[:NAME_LENGTH]
    audit.record_of(factor, "factor.renamed", actor=actor, old=old)


@transaction.atomic
def remove(factor: Factor, *, actor: User, now: datetime) -> None:
    """Delete a factor, with all that `let_go` says. Raises LastFactor."""
    user = lock_judging(factor.user)
    let_go(user, factor, now=now)
    Factor.objects.filter(pk=factor.pk, user=user).delete()
    users.move_epoch(user)
    audit.record_of(factor, "factor.removed", actor=actor)
    _tell(user, "factor.removed", factor, now=now)


def let_go(user: User, factor: Factor, *, now: datetime) -> None:
    """What must be before a factor goes: with the last one that can stand alone go those that cannot. Raises LastFactor
    where the person must keep it. The caller holds the person's row."""
    if must_keep(user, factor, now=now):
        raise LastFactor
    if is_last(user, factor, now=now):
        Factor.objects.filter(user=user, kind__in=[k.slug for k in kinds.registry().values() if not k.alone]).delete()


def must_keep(user: User, factor: Factor, *, now: datetime) -> bool:
    """Whether the person must have more than would remain without it."""
    asked = policy.of(user, now=now)
    have = holdings.usable(user, now=now)
    rest = [other for other in have if (other.kind, other.key) != (factor.kind, factor.key)]
    if asked.required and not holdings.worth(rest).factors:
        return True
    left = asked.missing(holdings.worth(rest))
    return bool(left) and left != asked.missing(holdings.worth(have))


def needed_from(user: User, factor: Factor, *, now: datetime) -> datetime | None:
    """From when the person must have more than would remain without it; None where no rule will ask for it."""
    rest = [o for o in holdings.usable(user, now=now) if (o.kind, o.key) != (factor.kind, factor.key)]
    return policy.of(user, now=now).standing(holdings.worth(rest)).until


def is_last(user: User, factor: Factor, *, now: datetime) -> bool:
    """Whether no other factor that can stand alone remains without this one."""
    return not left_without(holdings.usable(user, now=now), factor)


def left_without(factors: list[Factor], factor: Factor) -> list[Factor]:
    """What is left of a person's usable factors when one goes: nothing where no other can stand alone, as `let_go` has
    it."""
    rest = [other for other in factors if (other.kind, other.key) != (factor.kind, factor.key)]
    return rest if holdings.worth(rest).factors else []


@transaction.atomic
def reset(user: User, *, actor: User | None, reason: str, now: datetime, kind: str = "") -> None:
    """Take factors away from a person: all, or those of one kind. Sessions end; the password alone enrols nothing new.

    The phone may be lost too, so a number no longer implies a factor until it is confirmed again or changed.
    """
    user = lock_judging(user)
    gone = _take_all(user, kind, now)
    cool_down.start(user, now=now)
    OneTimeCode.objects.filter(user=user, ending=OneTimeCode.Ending.LIVE).update(
        ending=OneTimeCode.Ending.REPLACED, ended_at=now
    )
    if not holdings.opening(user, now=now):
        policy.demand_activation(user, demanded=True)
    users.move_epoch(user)
    audit.record("factors.reset", user=user, actor=actor, reason=reason, kind=kind or "all", factors=gone)
    told = kinds.kind(kind).label if kind in kinds.registry() else kind
    notifications.tell(user, "factors-reset", {"kind": told, "at": now}, now=now, also_number=user.phone)


def _take_all(user: User, kind: str, now: datetime) -> list[int]:
    """Of the kind, or where none is named of all, those that the number implies included; which rows there were."""
    mine = Factor.objects.filter(user=user, **({"kind": kind} if kind else {}))
    gone = list(mine.values_list("pk", flat=True))
    mine.delete()  # also of kinds that are switched off: they may come back
    for implied in (one for one in kinds.registry().values() if kind in ("", one.slug) and one.implied(user)):
        key, name = holdings.single_key(user), str(implied.label)
        Factor.objects.create(user=user, kind=implied.slug, key=key, name=name, confirmed=False, disabled_at=now)
    return gone


@transaction.atomic
def unlock(user: User, *, actor: User | None, reason: str, now: datetime) -> None:
    """Forget all wrong codes and passwords of a person, and revive factors that too many of them disabled."""
    limits.forget(user)  # counters before the person, as where codes are sent and judged
    user = lock_person(user)
    Factor.objects.filter(user=user, confirmed=True).update(disabled_at=None, failures=0)
    audit.record("account.unlocked", user=user, actor=actor, reason=reason)
    notifications.tell(user, "account-unlocked", {"at": now}, now=now)


def lock_judging(user: User) -> User:
    """As `lock_person`, behind the account's counter as where codes are judged: for whoever locks several factors, in
    whatever order, and would else meet the judging of a code in a circle."""
    limits.lock(limits.of_account(user))
    return lock_person(user)


def lock_person(user: User) -> User:
    """The person's row as it is now, locked until the transaction ends.

    Its key stays free: judging a code holds the factor's row and then logs a row that refers to the person, and must
    not wait here for one who waits for that factor.
    """
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _tell(user: User, action: str, factor: Factor, *, now: datetime) -> None:
    label = str(kinds.kind(factor.kind).label)
    notifications.tell(user, action.replace(".", "-"), {"label": label, "name": factor.name, "at": now}, now=now)
