"""What a measurement does within the portal, each module a child process: arguments in, one line of JSON out."""

from __future__ import annotations

import django

django.setup()
