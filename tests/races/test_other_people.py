"""Many people at once: nobody ever sees a page of somebody else."""

from __future__ import annotations

from functools import partial

import pytest

from tests.races.asking import together
from tests.races.harness import Portal, code_of, wait_for_fresh_step
from tests.races.test_codes_race import new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(120)]

PEOPLE = 6
ROUNDS = 12
PAGES = ("/", "/history/", "/sessions/", "/admin/")


@pytest.mark.row("T-29")
def test_of_people_who_ask_for_pages_at_once_each_sees_the_own_alone(portal: Portal) -> None:
    names = [f"{new_name()}x" for _ in range(PEOPLE)]
    secrets = [portal.stage("make_person", username=name)["apps"][0]["secret"] for name in names]
    wait_for_fresh_step(15)
    browsers = [portal.signed_in(name, code_of(secret)) for name, secret in zip(names, secrets, strict=True)]

    def asks(turn: int) -> list[str]:
        return [browsers[turn].get(PAGES[(turn + count) % 3]).text for count in range(ROUNDS)]

    seen = together([partial(asks, turn) for turn in range(PEOPLE)])
    for own, pages in zip(names, seen, strict=True):
        assert all(own in page for page in pages)
        assert not [other for other in names if other != own for page in pages if other in page]
