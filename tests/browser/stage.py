"""What people do at a browser, and what they have before they sit down at it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from mfa import holdings
from mfa.delivery import outbox
from mfa.delivery.tasks import deliver
from mfa.factors.recovery import flows as recovery
from mfa.factors.totp import flows as totp
from mfa.factors.totp.factor import token_of
from mfa.factors.webauthn import flows as passkeys, party
from mfa.models import Delivery, Factor
from tests.browser.authenticator import VirtualAuthenticator
from tests.conftest import PASSWORD
from tests.mfa.doors import sign_in
from tests.services.chromium import PageWatch
from tests.stories.acting import code_of
from tests.stories.soft_key import SoftKey


@dataclass
class Stage:
    """A window on the portal. `seen` collects what goes wrong on its page."""

    page: Page
    url: str
    seen: PageWatch

    def open(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def type(self, label: str, text: str) -> None:
        self.page.get_by_label(label).fill(text)

    def reads(self, text: str) -> None:
        """The page says this somewhere in its content."""
        expect(self.page.locator("main")).to_contain_text(text)

    def heading_is(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def give_password(self, user: User) -> None:
        self.open("/sign-in/")
        self.type("User name", user.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        with self.page.expect_navigation():
            self.press("Sign in")

    def let_in(self, user: User, *, proved_ago: timedelta = timedelta(0)) -> None:
        """An open session as signing in with the person's best factor leaves it, without the typing."""
        client = Client()
        now = timezone.now()
        usable = holdings.usable(user, now=now)
        with transaction.atomic():
            factor = holdings.stored(usable[0], now=now) if usable else None
        sign_in(client, user, factor, proved_at=now - proved_ago)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": self.url}])

    def authenticator(self, *keys: SoftKey, **options: object) -> VirtualAuthenticator:
        """Plug a virtual authenticator into this window, with these keys; options as Chromium's debugger has them."""
        made = VirtualAuthenticator(self.page, options)
        for key in keys:
            made.take(key, domain="localhost")
        return made

    def hear_nothing_in_field(self) -> None:
        """No passkey is offered in the user name's field, where a virtual authenticator picks it at once."""
        self.page.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")

    def key_on_page(self) -> bytes:
        """The secret that the page shows for typing."""
        text = self.page.locator("#secret-key").inner_text().replace(" ", "").replace("\n", "")
        return base64.b32decode(text + "=" * (-len(text) % 8), casefold=True)


def person(username: str = "alice", **fields: object) -> User:
    fields.setdefault("name", "Alice Sample")
    fields.setdefault("email", f"{username}@example.test")
    return User.objects.create_user(username, PASSWORD, **fields)


def give_app(user: User, *, name: str = "Authenticator app", ago: timedelta = timedelta(minutes=5)) -> bytes:
    """An authenticator app that was set up some time ago; its secret."""
    earlier = timezone.now() - ago
    factor = totp.begin(user, name=name, now=earlier)
    secret: bytes = token_of(factor).secret
    totp.confirm(user, factor.pk, code_of(secret, at=earlier), now=earlier)
    user.refresh_from_db()
    return secret


def give_passkey(user: User, *, key: SoftKey | None = None) -> SoftKey:
    """A passkey of the person, whose private half the test holds."""
    key = key or SoftKey()
    made = passkeys.begin(user)
    text = key.create(made.options, origin=party.origin())
    passkeys.enrol(user, text, made.challenge, now=timezone.now())
    user.refresh_from_db()
    return key


def passkey_of(user: User) -> Factor:
    return Factor.objects.filter(user=user, kind="webauthn").earliest("pk")


def app_of(user: User) -> Factor:
    return Factor.objects.filter(user=user, kind="totp", confirmed=True).earliest("pk")


def give_recovery_codes(user: User) -> list[str]:
    now = timezone.now()
    factor = recovery.begin(user, now=now)
    codes = list(recovery.shown(factor))
    recovery.confirm(user, factor.pk, codes[0], now=now)
    user.refresh_from_db()
    return codes


def work_off_outbox() -> None:
    """What a worker does: hand every waiting message over."""
    for pk in Delivery.objects.filter(state=Delivery.State.QUEUED).order_by("pk").values_list("pk", flat=True):
        deliver(pk)


def latest_message(recipient: str) -> str:
    """The text of the newest message to a number or an address."""
    return outbox.read(Delivery.objects.filter(recipient=recipient).latest("pk"))


def code_in(text: str) -> str:
    found = re.search(r"\b\d{6}\b", text)
    assert found, text
    return found.group()
