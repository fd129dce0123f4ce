"""`make code USER=alice [KIND=motp]`: the present code of a sample account's authenticator app, or of its mOTP app."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import django
from django.utils import timezone

if TYPE_CHECKING:
    from mfa.models import Factor
    from mfa.oath.codes import Stepped


def main(username: str, kind: str = "totp") -> None:
    """Print the code of the newest app of `username`, confirmed or still being set up."""
    from mfa.models import Factor  # models exist after django.setup() only

    if not username or kind not in ("totp", "motp"):
        raise SystemExit("Name a sample account: make code USER=alice, with KIND=motp for an mOTP app")
    factor = Factor.objects.filter(user__username=username, kind=kind).order_by("pk").last()
    if factor is None:
        raise SystemExit(f"{username} has no such app; try: make code USER=alice")
    maker = _maker(factor)
    print(maker.code(maker.step_at(timezone.now())))


def _maker(factor: Factor) -> Stepped:
    """Imported here, because the app of a kind is installed only where the kind is in use."""
    if factor.kind == "motp":
        from mfa.factors.motp.factor import motp_of

        return motp_of(factor)
    from mfa.factors.totp.factor import token_of

    return token_of(factor)


if __name__ == "__main__":
    django.setup()
    main(*[word for word in sys.argv[1:3] if word] or [""])
