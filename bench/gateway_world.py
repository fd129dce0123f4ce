"""Everything that runs for the soak of a gateway: servers, the portal, two FreeRADIUS, what happens beside."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.failures import BenchFailed
from bench.gateway_journal import Lives, Sent
from bench.gateway_load import Gateway, Person, type_codes, type_sms_codes
from bench.product import HOST, ROOT, Product
from tests.services.servers.folders import temporary_folder
from tests.services.servers.freeradius import FreeRadius, freeradius_server
from tests.services.servers.kannel import Kannel, kannel_server
from tests.services.servers.postgres import postgres_server
from tests.services.servers.processes import ServerProcess
from tests.services.servers.redis import redis_server
from tests.services.servers.smtp import Smtp, smtp_server

DRAINED_WITHIN = 90.0
"""Seconds after the end in which every message has left."""
SHARE_MOVING, SHARE_LEAVING, SHARE_SMS = 0.01, 0.02, 0.005
LEAST = 4
"""People of each of these sorts, however few there are."""


@dataclass
class World:
    """Everything that runs."""

    product: Product
    database: str
    web: ServerProcess
    servers: list[FreeRadius]
    kannel: Kannel
    smtp: Smtp
    key: str
    people: list[Person]

    @property
    def sms(self) -> list[Person]:
        return self.people[: self._share(SHARE_SMS)]

    @property
    def moving(self) -> list[Person]:
        return self.people[len(self.sms) :][: self._share(SHARE_MOVING)]

    @property
    def leaving(self) -> list[Person]:
        return self.people[len(self.sms) + len(self.moving) :][: self._share(SHARE_LEAVING)]

    def _share(self, share: float) -> int:
        return max(LEAST, round(share * len(self.people)))

    @contextmanager
    def beside(self) -> Iterator[Lives]:
        """Resets and directory runs; what they did to whom."""
        lives = Lives(self.key)
        command = [sys.executable, "-m", "bench.inside.gateway_beside"]
        for name, people in (("--moving", self.moving), ("--leaving", self.leaving)):
            command += [name, *(person.name for person in people)]
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.product.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        ready = threading.Event()
        reader = threading.Thread(target=_follow, args=(process.stdout, lives, ready))
        reader.start()
        try:
            ready.wait()
            yield lives
        finally:
            process.stdin.close()
            ended = process.wait(120)
            reader.join()
            process.stdout.close()
        if ended:
            raise BenchFailed("What was to happen beside the codes did not go on; the cause is above.")

    def put_on(self, at_a_time: int, lives: Lives, seconds: float) -> list[Sent]:
        """The journals of all lanes."""
        gateways = [Gateway(self.servers) for _ in range(at_a_time + 1)]
        people = self.people[len(self.sms) :]
        until = time.time() + seconds
        with ExitStack() as ends, ThreadPoolExecutor(len(gateways)) as pool:
            for gateway in gateways:
                ends.callback(gateway.close)
            lanes = [
                pool.submit(type_codes, gateway, people[place::at_a_time], lives, until)
                for place, gateway in enumerate(gateways[1:])
            ]
            lanes.append(pool.submit(type_sms_codes, gateways[0], self.sms, self._received, until))
            for lane in lanes:
                lane.result()
        return [sent for gateway in gateways for sent in gateway.journal]

    def _received(self, number: str, count: int) -> str:
        try:
            return self.kannel.wait_for(number, 30, count=count).text.rpartition("#")[2].strip()
        except TimeoutError:
            raise BenchFailed(f"A code was asked for and no SMS number {count} came to {number}.") from None

    def wait_until_all_left(self) -> None:
        waiting = "SELECT count(*) FROM mfa_delivery WHERE state IN ('queued', 'sending')"
        until = time.monotonic() + DRAINED_WITHIN
        with psycopg.connect(self.database, autocommit=True) as link:
            while link.execute(waiting).fetchall() != [(0,)]:
                if time.monotonic() > until:
                    raise BenchFailed(f"Messages still wait {DRAINED_WITHIN:.0f} seconds after the end.")
                time.sleep(0.2)

    def messages(self, sent: dict[str, dict[str, int]]) -> dict[str, Counter[str]]:
        """How many messages arrived, for each recipient; the network may take a moment over the last."""
        until = time.monotonic() + 20
        while len(self.kannel.messages()) < sum(sent["sms"].values()) and time.monotonic() < until:
            time.sleep(0.2)
        mails = Counter(recipient for mail in self.smtp.messages for recipient in mail.recipients)
        return {"sms": Counter(message.recipient for message in self.kannel.messages()), "mail": mails}


def _follow(lines: Any, lives: Lives, ready: threading.Event) -> None:
    for line in lines:
        act = json.loads(line)
        lives.tell(act)
        if act["act"] == "ready":
            ready.set()
    ready.set()  # it ended, and nobody waits for ever


@contextmanager
def running(count: int) -> Iterator[World]:
    with ExitStack() as stack:
        start: Callable[..., Any] = stack.enter_context
        postgres, redis, kannel, smtp = (
            start(server()) for server in (postgres_server, redis_server, kannel_server, smtp_server)
        )
        database = postgres.create_database("portal")
        product = Product(start(temporary_folder("bench")), database, _settings(redis.url, kannel, smtp))
        product.prepare()
        made = product.inside("gateway", f"--people={count}")
        port, web = start(product.serving())
        for work in (["worker", "--concurrency=2"], ["beat", "--max-interval=1"]):
            start(_celery(product, work))
        url, headers = f"http://127.0.0.1:{port}", {"Host": HOST, "X-Forwarded-Proto": "https"}
        servers = [
            start(freeradius_server(url, made["key"], headers=headers, debug=False, secret="of-the-gateway"))
            for _ in range(2)
        ]
        key = made["secret"].encode().hex()
        people = [Person(name, key, number) for name, number in made["people"]]
        yield World(product, database, web, servers, kannel, smtp, key, people)


def _settings(broker: str, kannel: Kannel, smtp: Smtp) -> dict[str, str]:
    return {
        "TRUSTED_PROXIES": "127.0.0.1",
        "CELERY_BROKER_URL": broker,
        "SMS_GATEWAYS": "kannel",
        "SMS_KANNEL_URL": kannel.url,
        "SMS_KANNEL_USERNAME": kannel.username,
        "SMS_KANNEL_PASSWORD": kannel.password,
        "EMAIL_URL": f"smtp+starttls://{smtp.username}:{smtp.password}@127.0.0.1:{smtp.tls_port}",
        "SSL_CERT_FILE": str(smtp.ca_file),
        "SYNC_MAX_NUMBERS_CHANGED": "100%, 10",
        "SYNC_MAX_PEOPLE_LOST": "100%, 10",
    }


@contextmanager
def _celery(product: Product, work: Sequence[str]) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "portal", *work]
    process = ServerProcess(
        command, log=product.folder / f"{work[0]}.log", environment=product.environment(), folder=ROOT
    )
    process.start()
    try:
        yield
    finally:
        process.stop()
