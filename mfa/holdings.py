"""What a person has that works now, and how they stand with it.

Setting up, changing and taking away is `mfa.enrolment`.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime

from django.db.models import F

from accounts.compiled import Compiled
from accounts.models import User
from mfa import kinds, policy
from mfa.demands import Asked, Holding, Standing
from mfa.models import Factor
from mfa.outcomes import Unusable

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


def worth(factors: list[Factor]) -> Holding:
    """What these usable factors are worth to a demand."""
    of_kinds = [kinds.kind(factor.kind) for factor in factors]
    return Holding(tuple(kind.slug for kind in of_kinds if kind.alone), any(kind.backup for kind in of_kinds))


def standing(user: User, *, now: datetime) -> Standing:
    """How the person stands with all that is asked of them."""
    return policy.of(user, now=now).standing(worth(usable(user, now=now)))


def needs_activation(user: User, asked: Asked) -> bool:
    """Whether somebody without a usable factor must type an activation code first.

    So it is where a rule says so, after a reset, and while a factor is there that does not work (disabled by wrong
    codes, used up, its kind switched off): guessing until a factor dies must not make the password enough.
    """
    return asked.activation_only or Factor.objects.filter(user=user, confirmed=True).exists()


def own(user: User, kind: str, pk: int) -> Factor | None:
    """The person's own factor of this kind, set up before; also one that too many wrong codes disabled."""
    return Factor.objects.filter(user=user, kind=kind, pk=pk, confirmed=True).first()


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
