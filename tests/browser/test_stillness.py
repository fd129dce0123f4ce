"""Nothing on a page jumps while it loads, however slowly: on a phone, where the country picker comes by script, and in
the lists of the administration, whose parts arrive one after the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.looks import shifts
from tests.browser.scenes import desk, desk_runs, factors, overview, phone, way_in
from tests.browser.scenes.scene import Play
from tests.browser.stage import Stage

MAIN: list[Play] = [
    way_in.sign_in, way_in.second_step, way_in.second_step_sms_waiting, overview.dashboard_full, overview.history_full,
    factors.scan, factors.recovery_codes, phone.change, phone.confirm,
]  # fmt: skip
TABLES: list[Play] = [desk.people_list, desk_runs.runs, desk_runs.run_finished, desk.trail, desk.outbox, desk.schedules]

SLOW_LINE = {"offline": False, "latency": 0, "downloadThroughput": 15_000, "uploadThroughput": 1_000_000}
"""Bytes a second at which a list of the administration is painted in several parts."""


@pytest.mark.parametrize("play", MAIN, ids=lambda play: play.__name__)
def test_page_loads_without_a_jump_on_a_phone(open_stage: Callable[..., Stage], play: Play) -> None:
    stage = open_stage(phone=True)
    play(stage)
    stage.page.reload()
    stage.page.wait_for_load_state("networkidle")
    assert shifts(stage.page) == []


@pytest.mark.parametrize("play", TABLES, ids=lambda play: play.__name__)
def test_table_that_arrives_slowly_does_not_jump(stage: Stage, play: Play) -> None:
    play(stage)
    slow_down(stage.page)
    stage.page.reload()
    stage.page.wait_for_load_state("networkidle")
    assert shifts(stage.page) == []


def slow_down(page: Page) -> None:
    """A slow line and a slow machine. Style sheets and scripts are in the browser's cache by now."""
    debugger = page.context.new_cdp_session(page)
    debugger.send("Network.enable")
    debugger.send("Network.emulateNetworkConditions", SLOW_LINE)
    debugger.send("Emulation.setCPUThrottlingRate", {"rate": 4})
