"""A gateway that sends as fast as it is answered: right codes, used ones, wrong ones, names that are nobody's, codes by
SMS, each request noted with what must become of it.

A lane has people of its own and one request on its way at a time, so that the order of what is typed for a person is
known. Each hundredth packet goes to both servers in the same moment.
"""

from __future__ import annotations

import random
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django_otp.oath import hotp
from pyrad.packet import AccessRequest, AuthPacket

from bench.gateway_journal import ACCEPT, QUESTION, REJECT, SILENCE, Lives, Sent
from tests.services.servers.freeradius import USER_NAME, USER_PASSWORD, FreeRadius

STATE = 24
TRIES, WAIT = 3, 8.0
"""Like a gateway: the same packet again after so many seconds."""
TO_BOTH, REPLAYS, WRONG, NOBODY = 0.01, 0.25, 0.25, 0.05
PAUSE = 0.02
SMS_EVERY, SMS_EACH, SMS_MOST = 2.5, 75.0, 5
"""Seconds between two and between two to one person, and how many to each: the portal sends 30 a minute, and to one
person one a minute and 5 an hour."""


@dataclass
class Person:
    """`used` is the step whose code was used last; `before` the key of the app that a reset took away."""

    name: str
    key: str
    number: str = ""
    used: int = 0
    before: str = ""


@dataclass
class Gateway:
    """The two servers it knows, and the journal of one lane."""

    servers: Sequence[FreeRadius]
    journal: list[Sent] = field(default_factory=list)
    dice: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in self.servers]
        for end, server in zip(self._ends, self.servers, strict=True):
            end.settimeout(WAIT)
            end.connect(("127.0.0.1", server.port))
        self._number = 0

    def close(self) -> None:
        for end in self._ends:
            end.close()

    def ask(self, person: str, typed: str, must: int, *, key: str = "", step: int = 0, state: bytes = b"") -> bytes:
        """Send one request and note it; the State of the answer, or nothing."""
        packet = self._packet(person, typed, state)
        sent = Sent(f"radius-{packet[4:12].hex()}", person, must, key, step, time.time())
        both = self.dice.random() < TO_BOTH
        if both:
            self._ends[1].send(packet)
        answer = self._answer(self._ends[0], packet)
        sent.heard, sent.heard_at = answer[0] if answer else SILENCE, time.time()
        if both:
            also = self._answer(self._ends[1], packet, begun=True)
            sent.also = also[0] if also else SILENCE
            sent.heard_at = time.time()
        self.journal.append(sent)
        return _state(answer)

    def _packet(self, person: str, typed: str, state: bytes) -> bytes:
        self._number = (self._number + 1) % 256
        request = AuthPacket(
            code=AccessRequest, id=self._number, secret=self.servers[0].secret.encode(),
            authenticator=secrets.token_bytes(16),
        )  # fmt: skip
        request[USER_NAME], request[USER_PASSWORD] = [person.encode()], [request.PwCrypt(typed)]
        if state:
            request[STATE] = [state]
        request.add_message_authenticator()
        return bytes(request.RequestPacket())

    def _answer(self, end: socket.socket, packet: bytes, *, begun: bool = False) -> bytes:
        for attempt in range(TRIES):
            if attempt or not begun:
                end.send(packet)
            try:
                while True:  # an answer to an earlier request may come late
                    answer = end.recv(4096)
                    if answer[1] == packet[1]:
                        return answer
            except TimeoutError:
                continue
        return b""


def _state(answer: bytes) -> bytes:
    at = 20
    while at + 2 <= len(answer):
        kind, length = answer[at], answer[at + 1]
        if kind == STATE:
            return answer[at + 2 : at + length]
        at += max(length, 2)
    return b""


def code_of(key: str, step: int) -> str:
    return f"{hotp(bytes.fromhex(key), step):06d}"


def wrong_code_of(key: str, step: int) -> str:
    near = {code_of(key, step + around) for around in range(-2, 3)}
    return next(code for code in (f"{number:06d}" for number in range(10)) if code not in near)


def type_codes(gateway: Gateway, people: Sequence[Person], lives: Lives, until: float) -> None:
    """Person after person, each once in a step of its app at most, until the time is over."""
    while time.time() < until:
        idle = True
        for person in people:
            if time.time() >= until:
                return
            _follow(person, lives)
            step = int(time.time()) // 30
            if step > person.used:
                idle = False
                _visit(gateway, person, step)
        if idle:
            time.sleep(PAUSE)


def _follow(person: Person, lives: Lives) -> None:
    """A new app after a reset; the code that set it up is used."""
    key = lives.present.get(person.name, person.key)
    if key != person.key:
        person.before, person.key = person.key, key
        person.used = int(lives.of[person.name, key].born[1]) // 30


def _visit(gateway: Gateway, person: Person, step: int) -> None:
    if person.before:
        gateway.ask(person.name, code_of(person.before, step), REJECT, key=person.before, step=step)
        person.before = ""
    if gateway.dice.random() < WRONG:
        gateway.ask(person.name, wrong_code_of(person.key, step), REJECT)
    code, person.used = code_of(person.key, step), step
    gateway.ask(person.name, code, ACCEPT, key=person.key, step=step)
    if gateway.dice.random() < REPLAYS:
        gateway.ask(person.name, code, REJECT, key=person.key, step=step)
    if gateway.dice.random() < NOBODY:
        gateway.ask(f"nobody{gateway.dice.randrange(1000)}", code, REJECT)


def type_sms_codes(
    gateway: Gateway, people: Sequence[Person], received: Callable[[str, int], str], until: float
) -> None:
    """Ask for an SMS, type what came, type it again. `received` waits for the so-manieth SMS to a number."""
    pause, count = max(SMS_EVERY, SMS_EACH / len(people)), 0
    while time.time() < until and count < SMS_MOST * len(people):
        person = people[count % len(people)]
        count += 1
        state = gateway.ask(person.name, "sms", QUESTION)
        if state:
            code = received(person.number, 1 + (count - 1) // len(people))
            gateway.ask(person.name, code, ACCEPT, state=state)
            gateway.ask(person.name, code, REJECT, state=state)
        time.sleep(max(0.0, min(pause, until - time.time())))
