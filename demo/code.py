"""`make code USER=alice`: the present code of a sample account's authenticator app."""

from __future__ import annotations

import sys

import django
from django.utils import timezone


def main(username: str) -> None:
    """Print the code of the newest app of `username`, confirmed or still being set up."""
    from mfa.factors.totp.factor import token_of  # models exist after django.setup() only
    from mfa.models import Factor

    if not username:
        raise SystemExit("Name a sample account: make code USER=alice")
    factor = Factor.objects.filter(user__username=username, kind="totp").order_by("pk").last()
    if factor is None:
        raise SystemExit(f"{username} has no authenticator app; try: make code USER=alice")
    token = token_of(factor)
    print(token.code(token.step_at(timezone.now())))


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1] if len(sys.argv) > 1 else "")
