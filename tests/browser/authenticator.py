"""Chromium's virtual authenticator: a passkey provider that the test plugs in, over the debugger's protocol."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import CDPSession, Page

from tests.stories.soft_key import SoftKey

USUAL = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class VirtualAuthenticator:
    """Answers by itself, as somebody would who touches it at once; `options` change what it is (see USUAL)."""

    page: Page
    options: dict[str, object]
    link: CDPSession = field(init=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.link = self.page.context.new_cdp_session(self.page)
        self.link.send("WebAuthn.enable")
        made = self.link.send("WebAuthn.addVirtualAuthenticator", {"options": USUAL | self.options})
        self.id = made["authenticatorId"]

    def take(self, key: SoftKey, *, domain: str) -> None:
        """Hold this key too."""
        private = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        credential = {
            "credentialId": base64.b64encode(key.id).decode(),
            "isResidentCredential": True,
            "rpId": domain,
            "privateKey": base64.b64encode(private).decode(),
            "userHandle": base64.b64encode(base64.urlsafe_b64decode(key.handle + "==")).decode(),
            "signCount": key.counter,
        }
        self.hold(credential)

    def hold(self, credential: dict[str, Any]) -> None:
        """Hold a key that another one held, as `keys` shows it."""
        self.link.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def unplug(self) -> None:
        self.link.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})

    @property
    def keys(self) -> list[dict[str, Any]]:
        """What it holds, as the debugger shows it."""
        found: list[dict[str, Any]] = self.link.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def verify_nobody(self) -> None:
        """From now on finger, face or PIN are never right."""
        self.link.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})
