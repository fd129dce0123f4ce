"""The numbers that results have in the log."""

from __future__ import annotations

from mfa import outcomes
from mfa.outcomes import Result


def test_each_number_of_the_portals_own_means_one_thing() -> None:
    results = {one for one in vars(outcomes).values() if isinstance(one, Result)}
    own = [one.code for one in results if one.code > 1000]
    assert len(own) == len(set(own))
