"""The demonstration: sample people, a sample directory and the processes of one machine. Development only.

It makes accounts with known passwords, so importing it where DEBUG is off ends the process.
"""

from __future__ import annotations

import os

from django.conf import settings

from portal import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
if not settings.DEBUG:
    env.stop("DEBUG", "must be true for the demonstration; docs/operations.md says how to run the portal for real.")
