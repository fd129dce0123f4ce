"""Applications that ask, and their keys."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application, ApplicationKey, RememberRule


def make_vpn() -> None:
    Application.objects.get_or_create(slug="vpn", defaults={"name": "VPN", "kinds": ["email", "sms", "temporary"]})


def give_radius_key(slug: str = "radius", mode: str = Application.Mode.PASSWORD_THEN_CODE) -> str:
    """The text of a key of a VPN, for some minutes."""
    vpn, _ = Application.objects.get_or_create(slug=slug, defaults={"name": "VPN by RADIUS", "mode": mode})
    return _key_of(vpn, Verb.RADIUS)


def _key_of(application: Application, *verbs: Verb) -> str:
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    ApplicationKey.objects.create(
        application=application, prefix=prefix, secret_hash=clients.hash_of(secret), verbs=list(verbs),
        networks=["0.0.0.0/0"], expires_at=timezone.now() + timedelta(minutes=10),
    )  # fmt: skip
    return f"{prefix}.{secret}"


def revoke_key(prefix: str) -> None:
    clients.revoke(
        ApplicationKey.objects.get(prefix=prefix), actor=User.objects.latest("pk"), reason="race", now=timezone.now()
    )


def give_remembering_key(remember: bool = True) -> str:
    """The text of a key of an application that checked the password itself. A code spares its people the next one for a
    day, unless `remember` is false."""
    slug = "remembering" if remember else "plain"
    row, _ = Application.objects.get_or_create(slug=slug, defaults={"name": slug, "mode": Application.Mode.CODE_ONLY})
    if remember:
        RememberRule.objects.get_or_create(name="A day", scope="application", application=row, seconds=86_400)
    return _key_of(row, Verb.VERIFY, Verb.CHALLENGE)


def give_believing_key(mode: str = Application.Mode.CODE_ONLY) -> str:
    """The text of a key of an application that says where people are; in this mode from now on."""
    defaults = {"name": "Believing", "mode": mode, "address_attribute": Application.AddressAttribute.ADDRESS}
    row, _ = Application.objects.update_or_create(slug="believing", defaults=defaults)
    return _key_of(row, Verb.VERIFY)
