"""Who has what, reckoned in the database: for lists of very many people. Says of each what `holdings.usable` says.

Each question names its moment. Of a later one it says what will hold then by what is known today: factors that expire
before are gone, and a number whose rest is over by then has taken its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import phonenumbers
from django.conf import settings
from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import PhoneSource, User
from mfa import kinds, policy
from mfa.models import Factor, Rule


def without_factor(at: datetime) -> Q:
    """People with no factor that works: no usable row, and none that a kind implies from the number."""
    signing = [kind for kind in kinds.registry().values() if kind.signs_in]
    found = Q(~Exists(_alive(at, [kind.slug for kind in signing])))
    for kind in signing:
        if there := _there(kind, at):
            found &= ~there
    return found


def unmet(rule: Rule, at: datetime) -> QuerySet[User]:
    """The active people whom the rule concerns and who do not have what it asks for, whether or not it is in force.
    Nothing is said of exemptions."""
    people = User.objects.filter(policy.concerned(rule), is_active=True)
    found = Q(pk__in=())
    if rule.factors:
        people = people.alias(held=_held(rule.kinds, at))
        found |= Q(held__lt=rule.factors)
    if rule.backup:
        backups = [kind.slug for kind in kinds.registry().values() if kind.backup]
        found |= Q(~Exists(_alive(at, backups)))
    return people.filter(found)


def having_none(people: QuerySet[User], at: datetime) -> QuerySet[User]:
    """Those of the people who have no factor that can stand alone."""
    return people.alias(held=_held((), at)).filter(held=0)


def locked_out(rule: Rule, at: datetime) -> QuerySet[User]:
    """Those of them for whom nothing but enrolment is open."""
    return unmet(rule, at).filter(policy.in_force(rule, at)).exclude(policy.exempt(at))


def _held(slugs: Iterable[str], at: datetime) -> Combinable:
    """How many factors of these kinds (none named: of all) that can stand alone a person has."""
    wanted = set(slugs)
    counted = [k for k in kinds.registry().values() if k.alone and k.signs_in and (not wanted or k.slug in wanted)]
    rows = _alive(at, [kind.slug for kind in counted]).order_by().values("user")
    found: Combinable = Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n"), IntegerField()), Value(0))
    for kind in counted:
        if there := _there(kind, at):
            found = found + Case(When(there, then=Value(1)), default=Value(0))
    return found


def _rows() -> QuerySet[Factor]:
    return Factor.objects.filter(user=OuterRef("pk"))


def _alive(at: datetime, slugs: list[str]) -> QuerySet[Factor]:
    alive = Q(expires_at=None) | Q(expires_at__gt=at)
    found = _rows().filter(alive, confirmed=True, disabled_at=None, suspended_at=None, kind__in=slugs)
    for slug in slugs:
        working = kinds.kind(slug).working(OuterRef)
        if working is not None:
            found = found.filter(~Q(kind=slug) | working)
    return found.exclude(state__has_key="left", state__left=0)


def _there(kind: kinds.FactorKind, at: datetime) -> Q:
    """The people who have the kind though no row of it works: the number implies it, or one that rests has come by
    then, which makes the factor new whatever it was (`mfa.receivers`). Empty where no number does that."""
    implied = _implied(kind)
    if not implied:
        return implied
    there = implied & Q(~Exists(_rows().filter(kind=kind.slug)))
    if kind.by_phone:
        there |= Q(~Exists(_alive(at, [kind.slug])), phone_next_at__lte=at, is_active=True)
    return there


def _implied(kind: kinds.FactorKind) -> Q:
    """For which people the kind is there without a row. Asked of samples: one for every state a number can be in.

    The sample is a mobile number of a country in use; a stored number that a later setting forbids still counts here.
    """
    found = Q()
    for source in PhoneSource.values:
        for confirmed in (None, timezone.now()):
            number = _sample_number() if source else ""
            sample = User(phone=number, phone_source=source, phone_confirmed_at=confirmed, directory_phone=number)
            if kind.implied(sample):
                state = Q(phone_source=source, phone_confirmed_at__isnull=confirmed is None)
                found |= state & ~Q(phone="") if number else state
    return found


def _sample_number() -> str:
    region = next(iter(sorted(settings.PHONE_COUNTRIES)), None) or settings.PHONE_DEFAULT_REGION or "DE"
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164) if example else ""
