"""The acts on a person's factors that are the same for every kind: begin, confirm, rename, remove, reset, unlock.

Each locks the person's row first, so that two tabs cannot together do what one may not.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import users
from accounts.compiled import Compiled
from accounts.models import User
from mfa import audit, kinds, limits, notifications, policy
from mfa.demands import Asked, Holding, Standing
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


_PERSON = Compiled(lambda: User.objects.filter(pk=1))
OF_THE_PERSON = ("is_active", "security_epoch", "phone", "email")
"""What a verdict rests on besides the factors."""
_FACTORS = Compiled(
    lambda: Factor.objects.select_for_update(of=("self",)).filter(user=1).order_by("pk")
    .annotate(**{f"person_{name}": F(f"user__{name}") for name in OF_THE_PERSON})
)  # fmt: skip


def usable(user: User, *, now: datetime) -> list[Factor]:
    """The factors the person can sign in with, the strongest first; implied ones (no row yet) have no pk."""
    rows = list(Factor.objects.filter(user=user))  # one query for all kinds, also for those that are switched off
    return usable_of(user, rows, now=now)


def locked(user: User, *, now: datetime) -> tuple[User | None, list[Factor]]:
    """The active person as they are now, None where there is none, and their usable factors, as `usable` lists them but
    locked until the transaction ends: a verdict over one of them is about what is stored."""
    rows = _FACTORS.rows(user.pk)
    person = _as_now(user, rows[0]) if rows else _PERSON.first(user.pk)
    if person is None or not person.is_active:
        return None, []
    return person, usable_of(person, rows, now=now)


def _as_now(user: User, row: Factor) -> User:
    """A copy of the person with what was read along with the factors."""
    person = copy(user)
    for name in OF_THE_PERSON:
        setattr(person, name, getattr(row, f"person_{name}"))
    return person


def opening(user: User, *, now: datetime) -> list[Factor]:
    """The usable factors that the portal's own sign-in takes. Without one of them nobody gets in with a second factor,
    whatever gateways accept from the person."""
    return [factor for factor in usable(user, now=now) if kinds.kind(factor.kind).in_portal]


def usable_of_many(people: list[User], *, now: datetime) -> dict[int, list[Factor]]:
    """`usable` for many people in one query, by their pk."""
    rows: dict[int, list[Factor]] = {person.pk: [] for person in people}
    for row in Factor.objects.filter(user__in=people):
        rows[row.user_id].append(row)
    return {person.pk: usable_of(person, rows[person.pk], now=now) for person in people}


def usable_of(user: User, rows: list[Factor], *, now: datetime) -> list[Factor]:
    """`usable`, of all the rows that the person has. One of a single kind that is not usable (suspended, disabled) also
    ends what the kind would imply."""
    for row in rows:
        row.user = user
    found = [row for row in rows if _is_usable(row, now)]
    taken = {row.kind for row in rows}
    for kind in kinds.registry().values():
        if kind.slug not in taken and kind.implied(user):
            found.append(Factor(user=user, kind=kind.slug, key=single_key(user), name=str(kind.label), confirmed=True))
    return sorted(found, key=lambda factor: (kinds.kind(factor.kind).rank, factor.pk or 0))


def _is_usable(factor: Factor, now: datetime) -> bool:
    known = kinds.registry().get(factor.kind)
    expired = factor.expires_at is not None and factor.expires_at <= now
    if known is None or not known.signs_in or known.left(factor) == 0:
        return False
    held_up = factor.disabled_at is not None or factor.suspended_at is not None
    return factor.confirmed and not held_up and not expired and known.works(factor)


def holding(factors: list[Factor]) -> Holding:
    """What these usable factors are worth to a demand."""
    of_kinds = [kinds.kind(factor.kind) for factor in factors]
    return Holding(tuple(kind.slug for kind in of_kinds if kind.alone), any(kind.backup for kind in of_kinds))


def standing(user: User, *, now: datetime) -> Standing:
    """How the person stands with all that is asked of them."""
    return policy.of(user, now=now).standing(holding(usable(user, now=now)))


def may_add(user: User, kind: str, *, now: datetime) -> bool:
    """Whether the rules let the person have a factor of the kind. Recovery codes are no kind that rules speak of."""
    return kinds.kind(kind).backup or policy.of(user, now=now).allows(kind)


def needs_activation(user: User, asked: Asked) -> bool:
    """Whether somebody without a usable factor must type an activation code first.

    So it is where a rule says so, after a reset, and while a factor is there that does not work (disabled by wrong
    codes, used up, its kind switched off): guessing until a factor dies must not make the password enough.
    """
    return asked.activation_only or Factor.objects.filter(user=user, confirmed=True).exists()


def own(user: User, kind: str, pk: int) -> Factor | None:
    """The person's own factor of this kind, set up before; also one that too many wrong codes disabled."""
    return Factor.objects.filter(user=user, kind=kind, pk=pk, confirmed=True).first()


def free_name(user: User, kind: str) -> str:
    """The kind's label, or with the first free number behind it."""
    label = str(kinds.kind(kind).label)
    taken = set(Factor.objects.filter(user=user, kind=kind, confirmed=True).values_list("name", flat=True))
    names = (f"{label} {number}" for number in range(2, len(taken) + 3))
    return label if label not in taken else next(name for name in names if name not in taken)


def single_key(user: User) -> str:
    """The unique key of a factor of which a person has one."""
    return f"user:{user.pk}"


def stored(factor: Factor, *, now: datetime) -> Factor:
    """The factor's row as it is now, locked until the transaction ends; an implied factor gets its row here.

    Raises Unusable where it was removed, suspended or disabled since it was listed.
    """
    if factor.pk is None:
        Factor.objects.get_or_create(
            kind=factor.kind,
            key=factor.key,
            defaults={"user_id": factor.user_id, "name": factor.name, "confirmed": True},
        )
    row = Factor.objects.select_for_update().filter(kind=factor.kind, key=factor.key, user_id=factor.user_id).first()
    if row is None or not _is_usable(row, now):
        raise Unusable
    return row


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
    have = usable(user, now=now)
    rest = [other for other in have if (other.kind, other.key) != (factor.kind, factor.key)]
    if asked.required and not holding(rest).factors:
        return True
    left = asked.missing(holding(rest))
    return bool(left) and left != asked.missing(holding(have))


def needed_from(user: User, factor: Factor, *, now: datetime) -> datetime | None:
    """From when the person must have more than would remain without it; None where no rule will ask for it."""
    rest = [o for o in usable(user, now=now) if (o.kind, o.key) != (factor.kind, factor.key)]
    return policy.of(user, now=now).standing(holding(rest)).until


def is_last(user: User, factor: Factor, *, now: datetime) -> bool:
    """Whether no other factor that can stand alone remains without this one."""
    return not left_without(usable(user, now=now), factor)


def left_without(factors: list[Factor], factor: Factor) -> list[Factor]:
    """What is left of a person's usable factors when one goes: nothing where no other can stand alone, as `let_go` has
    it."""
    rest = [other for other in factors if (other.kind, other.key) != (factor.kind, factor.key)]
    return rest if holding(rest).factors else []


@transaction.atomic
def reset(user: User, *, actor: User | None, reason: str, now: datetime, kind: str = "") -> None:
    """Take factors away from a person: all, or those of one kind. Sessions end; the password alone enrols nothing new.

    The phone may be lost too, so a number no longer implies a factor until it is confirmed again or changed.
    """
    user = lock_judging(user)
    slugs = [kind] if kind else list(kinds.registry())
    mine = Factor.objects.filter(user=user, **({"kind": kind} if kind else {}))
    gone = list(mine.values_list("pk", flat=True))
    mine.delete()  # also of kinds that are switched off: they may come back
    for implied in (k for k in kinds.registry().values() if k.slug in slugs and k.implied(user)):
        Factor.objects.create(
            user=user,
            kind=implied.slug,
            key=single_key(user),
            name=str(implied.label),
            confirmed=False,
            disabled_at=now,
        )
    OneTimeCode.objects.filter(user=user, ending=OneTimeCode.Ending.LIVE).update(
        ending=OneTimeCode.Ending.REPLACED, ended_at=now
    )
    if not opening(user, now=now):
        policy.demand_activation(user, demanded=True)
    users.move_epoch(user)
    audit.record("factors.reset", user=user, actor=actor, reason=reason, kind=kind or "all", factors=gone)
    told = kinds.kind(kind).label if kind in kinds.registry() else kind
    notifications.tell(user, "factors-reset", {"kind": told, "at": now}, now=now, also_number=user.phone)


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
