"""Authenticated encryption of secrets at rest: AES-256-GCM under a ring of keys, each text bound to its row."""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12


class Undecryptable(Exception):
    """The text is damaged, belongs to another row, or its key is not in the ring. Never holds the text."""


def encrypt(plain: bytes, *, row: str) -> str:
    """`plain` under the ring's first key, bound to `row` (its identity, e.g. "factor:7:totp:Ab3..").

    Returns `key id:base64(nonce + ciphertext + tag)`. Every call draws a new 96-bit nonce (NIST SP 800-38D 8.2.2).
    """
    key_id, key = next(iter(settings.MFA_ENCRYPTION_KEYS.items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plain, row.encode())
    return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(text: str, *, row: str) -> bytes:
    """The plain bytes of what `encrypt` made for the same `row`. Raises Undecryptable."""
    key_id, _, encoded = text.partition(":")
    key = settings.MFA_ENCRYPTION_KEYS.get(key_id)
    if key is None:
        raise Undecryptable(f"no key {key_id!r} in the ring")
    try:
        sealed = base64.b64decode(encoded, validate=True)
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], row.encode())
    except (binascii.Error, InvalidTag, ValueError):
        raise Undecryptable("damaged, or of another row") from None
