"""The ceremonies themselves (WebAuthn Level 3, section 7): what the browser is asked, and whether its answer is right.

No rows and no session: challenge and public key come in, facts or a refusal go out.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mfa.factors.webauthn import party
from mfa.factors.webauthn.refusals import PasskeyRefused

CHALLENGE_BYTES = 32
PATIENCE_MS = 240_000
"""For the browser; the portal waits a minute longer."""

MALFORMED = (
    WebAuthnException, UnsupportedAlgorithm, ValueError, KeyError, TypeError, IndexError, AttributeError,
    RecursionError, OverflowError,
)  # fmt: skip
"""What the library lets through where an answer is not even the shape of one."""

Known = tuple[str, Sequence[str]]
"""A credential's id and its transports."""


@dataclass(frozen=True, slots=True)
class Created:
    """A new credential, as its authenticator describes it."""

    id: str
    public_key: bytes
    counter: int
    aaguid: str
    transports: tuple[str, ...]
    can_be_synced: bool
    is_synced: bool
    verified_person: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """What a right signature says. `handle` is the account as the authenticator knows it; empty if it does not say."""

    counter: int
    handle: str
    can_be_synced: bool
    is_synced: bool
    verified_person: bool


def new_challenge() -> str:
    """256 random bits, in base64url."""
    return bytes_to_base64url(secrets.token_bytes(CHALLENGE_BYTES))


def creation_options(
    challenge: str, *, handle: str, username: str, name: str, existing: Sequence[Known]
) -> dict[str, Any]:
    """What navigator.credentials.create is given. Authenticators that hold one of `existing` say so."""
    options = generate_registration_options(
        rp_id=party.domain(),
        rp_name=settings.PORTAL_NAME,
        user_id=base64url_to_bytes(handle),
        user_name=username,
        user_display_name=name,
        challenge=base64url_to_bytes(challenge),
        timeout=PATIENCE_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=[_descriptor(known) for known in existing],
    )
    return dict(options_to_json_dict(options))


def request_options(challenge: str, *, allowed: Sequence[Known], must_verify: bool) -> dict[str, Any]:
    """What navigator.credentials.get is given; without `allowed` any passkey for this portal may answer."""
    verification = UserVerificationRequirement.REQUIRED if must_verify else UserVerificationRequirement.PREFERRED
    options = generate_authentication_options(
        rp_id=party.domain(),
        challenge=base64url_to_bytes(challenge),
        timeout=PATIENCE_MS,
        allow_credentials=[_descriptor(known) for known in allowed],
        user_verification=verification,
    )
    return dict(options_to_json_dict(options))


def id_in(text: str) -> str:
    """The credential id that an answer names, in base64url; empty where it is no answer. Proves nothing."""
    try:
        named = json.loads(text)["id"]
    except MALFORMED:
        return ""
    return named if isinstance(named, str) else ""


def check_creation(text: str, challenge: str) -> Created:
    """The credential that was created for `challenge` at this portal. Raises PasskeyRefused."""
    try:
        answer = _same_origin(text)
        found = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.domain(),
            expected_origin=party.origin(),
        )
        return Created(
            id=bytes_to_base64url(found.credential_id),
            public_key=found.credential_public_key,
            counter=found.sign_count,
            aaguid=found.aaguid,
            transports=_transports(answer),
            can_be_synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            is_synced=found.credential_backed_up,
            verified_person=found.user_verified,
        )
    except MALFORMED:
        raise PasskeyRefused from None


def check_signature(text: str, challenge: str, public_key: bytes) -> Signed:
    """What was signed for `challenge` at this portal with the private half of `public_key`. Raises PasskeyRefused.

    The counter is the caller's to judge, and so is whether the person was verified: the library judges both before
    the signature, when anybody could have written them.
    """
    try:
        answer = _same_origin(text)
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.domain(),
            expected_origin=party.origin(),
            credential_public_key=public_key,
            credential_current_sign_count=0,
        )
        return Signed(
            counter=found.new_sign_count,
            handle=answer["response"].get("userHandle") or "",
            can_be_synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            is_synced=found.credential_backed_up,
            verified_person=found.user_verified,
        )
    except MALFORMED:
        raise PasskeyRefused from None


def _same_origin(text: str) -> dict[str, Any]:
    """The answer, parsed, if its page was not framed by another site's. Raises one of MALFORMED."""
    answer: dict[str, Any] = json.loads(text)
    client = json.loads(base64url_to_bytes(answer["response"]["clientDataJSON"]))
    if client.get("crossOrigin", False) is not False or "topOrigin" in client:
        raise ValueError("from a frame")
    return answer


def _descriptor(known: Known) -> PublicKeyCredentialDescriptor:
    key, transports = known
    hints = [AuthenticatorTransport(transport) for transport in transports]
    return PublicKeyCredentialDescriptor(id=base64url_to_bytes(key), transports=hints or None)


def _transports(answer: dict[str, Any]) -> tuple[str, ...]:
    said = answer["response"].get("transports") or ()
    return tuple(transport.value for transport in AuthenticatorTransport if transport.value in said)
