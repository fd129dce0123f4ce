"""The portal over https, a FreeRADIUS that asks it as shipped, and a gateway that asks that."""

from __future__ import annotations

import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test import override_settings
from django.test.testcases import QuietWSGIRequestHandler
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application, ApplicationKey
from portal.wsgi import application as portal_application
from tests.live import let_requests_end, transactional_db
from tests.mfa.doors import SECRET, add_factor
from tests.services.servers.certificates import Authority
from tests.services.servers.freeradius import FreeRadius, freeradius_server
from tests.services.started import started
from tests.stories.authenticator import Phone

__all__ = ["transactional_db"]

PREFIX, OTHER_PREFIX, KEY_SECRET = secrets.token_hex(6), secrets.token_hex(6), secrets.token_urlsafe(32)


@dataclass
class Door:
    """The portal's address, and the authority that signed its certificate."""

    port: int
    ca_file: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"


@pytest.fixture(scope="package")
def door(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    certificate = Authority(tmp_path_factory.mktemp("authority")).issue()
    with django_db_blocker.unblock(), override_settings(ALLOWED_HOSTS=["portal.test", "localhost"]):
        server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert_file, certificate.key_file)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.base_environ["HTTPS"] = "on"
        server.set_app(portal_application)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield Door(server.server_port, certificate.ca_file)
        server.shutdown()
        thread.join()
        let_requests_end()
        server.server_close()


@pytest.fixture(scope="package")
def freeradius(door: Door) -> Iterator[FreeRadius]:
    key, other = f"{PREFIX}.{KEY_SECRET}", f"{OTHER_PREFIX}.{KEY_SECRET}"
    with started(freeradius_server(door.url, key, ca_file=str(door.ca_file), other_key=other)) as server:
        yield server


@pytest.fixture
def radius(freeradius: FreeRadius, transactional_db: None, vpn: Application) -> FreeRadius:
    """A FreeRADIUS whose key the application `vpn` has."""
    return freeradius


@pytest.fixture
def vpn(transactional_db: None) -> Application:
    """With the key that FreeRADIUS holds."""
    return with_key(Application.objects.create(slug="vpn", name="VPN"), PREFIX)


@pytest.fixture
def office(transactional_db: None) -> Application:
    """With the key that FreeRADIUS uses for the gateway OTHER."""
    return with_key(Application.objects.create(slug="office", name="Office", mode="code-only"), OTHER_PREFIX)


def with_key(application: Application, prefix: str) -> Application:
    ApplicationKey.objects.create(
        application=application, prefix=prefix, secret_hash=clients.hash_of(KEY_SECRET), verbs=[Verb.RADIUS],
        networks=["127.0.0.0/8"], expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return application


@pytest.fixture
def make_user(transactional_db: None) -> Callable[..., User]:
    """As everywhere, in a database that the server sees too."""
    from tests.conftest import PASSWORD

    def make(username: str = "alice", **fields: Any) -> User:
        fields.setdefault("email", f"{username}@example.test")
        return User.objects.create_user(username, PASSWORD, **fields)

    return make


@pytest.fixture
def phone(make_user: Callable[..., User]) -> Phone:
    """Alice's authenticator app."""
    add_factor(make_user("alice"), state={"algorithm": "SHA1", "digits": 6, "period": 30})
    return Phone(SECRET, "alice")
