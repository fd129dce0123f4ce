"""A factor kind for tests of the rooms that know no kind by name: its codes are words."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from accounts.models import User
from mfa.kinds import Answer, FactorKind
from mfa.models import Factor
from mfa.outcomes import OATH_INCORRECT, OATH_VERIFIED, Result, WrongCode

RIGHT = "right0"
WRONG = "wrong0"


class SampleKind(FactorKind):
    """Says yes to RIGHT; every answer of six characters could be one of its codes."""

    slug: ClassVar[str] = "sample"
    label = "Sample"
    description = "For tests"
    icon = "key-round"
    rank = 1
    code_hint = "Word"

    def could_match(self, factor: Factor, answer: Answer) -> bool:
        return len(answer.text) == 6

    def verify(self, factor: Factor, answer: Answer, *, now: datetime) -> None:
        factor.unseal()
        if answer.text != RIGHT:
            raise WrongCode(OATH_INCORRECT)

    def describe(self, factor: Factor) -> str:
        return "a sample"

    @property
    def verified(self) -> Result:
        return OATH_VERIFIED


class SecondKind(SampleKind):
    slug = "second"
    label = "Second sample"
    rank = 2


def give(user: User, kind: str = "sample", **fields: object) -> Factor:
    """A confirmed factor of the person."""
    factor = Factor(user=user, kind=kind, name=kind, confirmed=True, **fields)
    factor.seal(b"seed")
    factor.save()
    return factor
