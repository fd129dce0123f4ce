"""The portal's own code on the server's database, for what a race needs beforehand and counts afterwards.

Runs as a process of its own (`__main__`). Tests of other kinds of factors add functions here.
"""

from __future__ import annotations

import django

django.setup()
