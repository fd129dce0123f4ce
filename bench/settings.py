"""The portal's settings with the bench's pages beside the portal's own."""

from __future__ import annotations

from portal.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
