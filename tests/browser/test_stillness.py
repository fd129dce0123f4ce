"""Nothing on a page jumps while it loads, on a phone either, where the country picker comes by script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.looks import shifts
from tests.browser.scenes import factors, overview, phone, way_in
from tests.browser.scenes.scene import Play
from tests.browser.stage import Stage

MAIN: list[Play] = [
    way_in.sign_in, way_in.second_step, way_in.second_step_sms_waiting, overview.dashboard_full, overview.history_full,
    factors.scan, factors.recovery_codes, phone.change, phone.confirm,
]  # fmt: skip


@pytest.mark.parametrize("play", MAIN, ids=lambda play: play.__name__)
def test_page_loads_without_a_jump_on_a_phone(open_stage: Callable[..., Stage], play: Play) -> None:
    stage = open_stage(phone=True)
    play(stage)
    stage.page.reload()
    stage.page.wait_for_load_state("networkidle")
    assert shifts(stage.page) == []
