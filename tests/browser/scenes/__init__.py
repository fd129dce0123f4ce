"""Every page of the portal in every state that people reach: how to get there, one function each.

A scene names the URL it shows and its state; `test_every_page.py` looks at each, and misses none of the URL map.
"""

from __future__ import annotations

from tests.browser.scenes import (  # noqa: F401  # they fill the list
    applications,
    authentication_log,
    cool_down,
    desk,
    desk_deliveries,
    desk_lists,
    desk_numbers,
    desk_policies,
    desk_runs,
    email,
    factors,
    german,
    health,
    lost_phone,
    motp,
    overview,
    passkeys,
    phone,
    places,
    rehearsal,
    tokens,
    way_in,
    why,
)
from tests.browser.scenes.scene import SCENES, Scene

__all__ = ["SCENES", "Scene"]
