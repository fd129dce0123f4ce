"""An authenticator as a person holds it, in software: it makes keys, signs, and can be told to misbehave."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

ORIGIN = "https://portal.test"
PRESENT, VERIFIED, ELIGIBLE, SYNCED, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
AAGUID = "2fc0579f-8113-47ea-b116-bb5a8db9202a"


@dataclass
class SoftKey:
    """`counter` is what the next signature says; `steps` by how much it rises (0 for a synced key)."""

    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    counter: int = 1
    steps: int = 1
    flags: int = PRESENT | VERIFIED
    aaguid: str = AAGUID
    handle: str = ""
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def name(self) -> str:
        return bytes_to_base64url(self.id)

    def create(self, options: dict[str, Any], **wrong: Any) -> str:
        """What navigator.credentials.create gives for these options, as JSON."""
        self.handle = options["user"]["id"]
        attested = bytes.fromhex(self.aaguid.replace("-", "")) + len(self.id).to_bytes(2, "big") + self.id
        data = self._data(options["rp"]["id"], ATTESTED, wrong) + attested + self._public_key()
        client = self._client("webauthn.create", options, wrong)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            client, {"attestationObject": bytes_to_base64url(attestation), "transports": ["internal", "usb"]}
        )

    def sign(self, options: dict[str, Any], **wrong: Any) -> str:
        """What navigator.credentials.get gives. `wrong` are parts to be other than they should: origin, rp_id, kind,
        challenge, flags, counter, handle, signature, more (further parts of the client's data)."""
        client = self._client("webauthn.get", options, wrong)
        data = self._data(options["rpId"], 0, wrong)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(wrong.get("signature", signature)),
            "userHandle": wrong.get("handle", self.handle),
        }
        return self._answer(client, response)

    def _client(self, kind: str, options: dict[str, Any], wrong: dict[str, Any]) -> bytes:
        said = {
            "type": wrong.get("kind", kind),
            "challenge": wrong.get("challenge", options["challenge"]),
            "origin": wrong.get("origin", ORIGIN),
            "crossOrigin": False,
        }
        return json.dumps(said | wrong.get("more", {})).encode()

    def _data(self, party: str, flags: int, wrong: dict[str, Any]) -> bytes:
        counter = wrong.get("counter", self.counter)
        self.counter += self.steps
        flags |= wrong.get("flags", self.flags)
        party_hash = hashlib.sha256(str(wrong.get("rp_id", party)).encode()).digest()
        return party_hash + bytes([flags]) + int(counter).to_bytes(4, "big")

    def _public_key(self) -> bytes:
        point = self.private.public_key().public_numbers()
        numbers = {-2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        return cbor2.dumps({1: 2, 3: -7, -1: 1} | numbers)

    def _answer(self, client: bytes, response: dict[str, Any]) -> str:
        said = {"clientDataJSON": bytes_to_base64url(client)} | response
        return json.dumps({"id": self.name, "rawId": self.name, "type": "public-key", "response": said})


def synced_key() -> SoftKey:
    """One that a password manager keeps: its counter stays at zero for ever."""
    return SoftKey(counter=0, steps=0, flags=PRESENT | VERIFIED | ELIGIBLE | SYNCED)


def challenge_bytes(options: dict[str, Any]) -> bytes:
    return base64url_to_bytes(options["challenge"])
