"""One Access-Request through FreeRADIUS, as a gateway sends it, for a name that is nobody's: who answers, and how."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from pyrad import packet
from pyrad.client import Client, Timeout

from mfa.api import radius

PATIENCE = 8
"""Seconds; FreeRADIUS itself waits six for the portal, and one before it refuses."""
USER_NAME, USER_PASSWORD, REPLY_MESSAGE, MESSAGE_AUTHENTICATOR = 1, 2, 18, 80
WORDS = {
    packet.AccessAccept: "Access-Accept", packet.AccessReject: "Access-Reject",
    packet.AccessChallenge: "Access-Challenge",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """`packet` is empty where no answer came; `signed` where it had a Message-Authenticator, and a right one.
    `request_id` is the request's name in the logs, and `name` the one that was asked about."""

    name: str
    request_id: str
    packet: str = ""
    words: str = ""
    signed: bool = False


def ask(server: str, secret: str) -> Heard:
    """Ask the FreeRADIUS at `server` (host:port), whose client with this `secret` the portal's machine is. Raises
    OSError where the name of the server is unknown."""
    host, _, port = server.rpartition(":")
    client = Client(host, authport=int(port), secret=secret.encode(), retries=1, timeout=PATIENCE)
    name = f"probe {secrets.token_hex(8)}"  # a blank is in nobody's name
    request = client.CreateAuthPacket(code=packet.AccessRequest)
    request.authenticator = request.CreateAuthenticator()
    request[USER_NAME] = [name.encode()]
    request[USER_PASSWORD] = [request.PwCrypt(secrets.token_hex(8))]
    request_id = radius.named("0x" + request.authenticator.hex())
    try:
        reply = client.SendPacket(request)
    except Timeout:
        return Heard(name, request_id)
    finally:
        client._CloseSocket()
    said = b"".join(reply.get(REPLY_MESSAGE, [])).decode(errors="replace")
    return Heard(name, request_id, WORDS.get(reply.code, ""), radius.plain(said), MESSAGE_AUTHENTICATOR in reply)
