"""A real FreeRADIUS with Debian's stock configuration and the site and module that the portal ships."""

from __future__ import annotations

import contextlib
import secrets
import select
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pyrad.client import Client

from tests.services.servers.certificates import ServerCertificate
from tests.services.servers.folders import temporary_folder
from tests.services.servers.ports import free_port
from tests.services.servers.processes import ServerProcess, find_program

STOCK = Path("/etc/freeradius/3.0")
SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "freeradius"
UNSIGNING, UNSIGNING_ADDRESS = "old-vpn", "127.0.0.2"
"""A gateway that cannot sign its requests, and where it asks from."""
OTHER, OTHER_ADDRESS = "office-vpn", "127.0.0.3"
"""A gateway that is another application, and where it asks from."""
USER_NAME, USER_PASSWORD = 1, 2
"""Numbers of attributes (RFC 2865 section 5)."""
SHIPPED_PATIENCE = 6.0
OWN_CERTIFICATE = "\t\tcertificate_file = /etc/freeradius/3.0/certs/to-portal.pem"
OWN_KEY = "\t\tprivate_key_file = /etc/freeradius/3.0/certs/to-portal.key"
WAITS = f"timeout = {SHIPPED_PATIENCE:.1f}\n"
OWN_MODULES = ("mods-enabled/eap", "mods-enabled/mschap", "mods-enabled/ntlm_auth", "mods-enabled/rest")


@dataclass
class Answered:
    """What radclient heard: the packet ("Access-Accept", ..., or "" for none) and its attributes."""

    packet: str
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return self.attributes.get("State", "")

    @property
    def words(self) -> str:
        return self.attributes.get("Reply-Message", "").strip('"')


@dataclass
class FreeRadius:
    """A running server on loopback; `secret` is the gateway's."""

    port: int
    secret: str
    process: ServerProcess
    client: str

    def ask(
        self, *, wait: float = 30.0, tries: int = 1, times: int = 1, signed: bool = True, **attributes: str
    ) -> Answered:
        """Send one Access-Request (`User_Name="alice"`), or so many at once, with Message-Authenticator unless told
        otherwise. The last answer."""
        lines = [f"{name.replace('_', '-')} = {quoted(value)}" for name, value in attributes.items()]
        if signed:
            lines.append("Message-Authenticator = 0x00")
        done = subprocess.run(
            [self.client, "-x", "-p", str(times), "-r", str(tries), "-t", f"{wait:g}",
             f"127.0.0.1:{self.port}", "auth", self.secret],
            input=(", ".join(lines) + "\n\n") * times, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return heard(done.stdout)

    def packet(self, name: str, password: str) -> bytes:
        """An Access-Request as it goes over the wire, for `send` to any server with the same secret."""
        request = Client("127.0.0.1", authport=self.port, secret=self.secret.encode()).CreateAuthPacket()
        request.authenticator = request.CreateAuthenticator()
        request[USER_NAME], request[USER_PASSWORD] = [name.encode()], [request.PwCrypt(password)]
        request.add_message_authenticator()
        return bytes(request.RequestPacket())

    def send(self, packet: bytes, *, wait: float = 30.0) -> int:
        """The code of the answer to this packet from this server; 0 for none."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.settimeout(wait)
            end.sendto(packet, ("127.0.0.1", self.port))
            try:
                return end.recv(4096)[0]
            except TimeoutError:
                return 0

    def own_log(self) -> str:
        """What the shipped configuration wrote: a line for each request so far."""
        log = self.process.log.parent / "portal.log"
        return log.read_text(encoding="utf-8") if log.exists() else ""

    @contextlib.contextmanager
    def losing_the_first_answer(self) -> Iterator[FreeRadius]:
        """The way to this server by a network that loses the first answer."""
        with LossyWay(self.port) as way:
            yield FreeRadius(way.port, self.secret, self.process, self.client)


class LossyWay:
    """Carries datagrams to a server on loopback and back, from one port all the time, but for the first answer."""

    def __init__(self, target: int) -> None:
        self._target = ("127.0.0.1", target)
        self._near, self._far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self._ended = False
        self._lost = 0
        self._thread = threading.Thread(target=self._carry)

    def __enter__(self) -> Self:
        for end in (self._near, self._far):
            end.bind(("127.0.0.1", 0))
        self.port = int(self._near.getsockname()[1])
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended = True
        self._thread.join()
        self._near.close()
        self._far.close()

    def _carry(self) -> None:
        gateway = self._target
        while not self._ended:
            for end in select.select([self._near, self._far], [], [], 0.05)[0]:
                data, sender = end.recvfrom(4096)
                if end is self._near:
                    gateway = sender
                    self._far.sendto(data, self._target)
                elif self._lost:
                    self._near.sendto(data, gateway)
                else:
                    self._lost += 1


def quoted(value: str) -> str:
    """A value as radclient reads it; octets (0x...) stay bare."""
    if value.startswith("0x"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def heard(output: str) -> Answered:
    """The last packet received, out of radclient's -x output."""
    answered = Answered("")
    for line in output.splitlines():
        if line.startswith("Received "):
            answered = Answered(line.split()[1])
        elif answered.packet and line.startswith("\t") and " = " in line:
            name, _, value = line.strip().partition(" = ")
            answered.attributes[name] = value
    return answered


@contextlib.contextmanager
def freeradius_server(
    portal_url: str, key: str, *, ca_file: str = "", headers: Mapping[str, str] | None = None, debug: bool = True,
    secret: str = "", patience: float = SHIPPED_PATIENCE, other_key: str = "", own: ServerCertificate | None = None,
) -> Iterator[FreeRadius]:  # fmt: skip
    """A server that asks the portal at `portal_url` with `key`, with more `headers` where no proxy adds them. It waits
    `patience` seconds for the portal, and holds no refusal back: silence is not taken for one, nor one for silence.
    `other_key` is that of the gateway OTHER; `own` the certificate that it shows the portal, if any. `debug` tells all
    in its log and serves one request at a time. MissingProgram where it is not installed."""
    program, client = find_program("freeradius", "freeradius"), find_program("radclient", "freeradius-utils")
    with temporary_folder("freeradius") as folder:
        port, secret = free_port(), secret or secrets.token_hex(12)
        _configure(folder, port, secret, Portal(portal_url, key, ca_file, headers or {}, patience, other_key, own))
        process = ServerProcess(
            [program, "-f", "-X" if debug else "-lstdout", "-d", str(folder / "raddb")], log=folder / "radius.log"
        )
        try:
            process.start()
            process.wait_until(lambda: "Ready to process requests" in process.last_lines(5))
            yield FreeRadius(port, secret, process, client)
        finally:
            process.stop(timeout=1)  # it has nothing to lose


@dataclass(frozen=True)
class Portal:
    """What FreeRADIUS asks, and how."""

    url: str
    key: str
    ca_file: str
    headers: Mapping[str, str]
    patience: float
    other_key: str
    own: ServerCertificate | None


def _configure(folder: Path, port: int, secret: str, portal: Portal) -> None:
    """What docs/operations.md tells an administrator to do, and a server that does not run as a system account."""
    raddb = folder / "raddb"
    shutil.copytree(STOCK, raddb, symlinks=True)
    for enabled in [*(raddb / "sites-enabled").iterdir(), *(raddb / name for name in OWN_MODULES)]:
        enabled.unlink(missing_ok=True)
    main = (raddb / "radiusd.conf").read_text()
    main = main.replace("user = freerad\n", "user = root\n").replace("group = freerad\n", "group = root\n")
    for name in ("localstatedir", "logdir", "run_dir", "raddbdir"):
        value = raddb if name == "raddbdir" else folder
        main = "\n".join(f"{name} = {value}" if line.startswith(f"{name} = ") else line for line in main.splitlines())
    main = main.replace("\treject_delay = 1", "\treject_delay = 0")
    (raddb / "radiusd.conf").write_text(main + "\n")
    module = (SHIPPED / "mods-portal").read_text()
    module = module.replace("https://2fa.your-organisation.org", portal.url).replace("FILL-IN", portal.key)
    if portal.ca_file:
        module = module.replace("/etc/ssl/certs/ca-certificates.crt", portal.ca_file)
    if portal.own is not None:
        for line, file in ((OWN_CERTIFICATE, portal.own.cert_file), (OWN_KEY, portal.own.key_file)):
            assert f"#{line}" in module
            module = module.replace(f"#{line}", f"{line.partition('=')[0]}= {file}")
    assert WAITS in module
    module = module.replace(WAITS, f"timeout = {portal.patience:.1f}\n")
    (raddb / "mods-enabled" / "portal").write_text(module)
    site = (SHIPPED / "site-portal").read_text().replace("port = 1812", f"port = {port}").replace("= *", "= 127.0.0.1")
    bearer = 'portal_key}}"\n'
    assert bearer in site
    added = "".join(f'\t\t\t&REST-HTTP-Header += "{name}: {value}"\n' for name, value in portal.headers.items())
    site = site.replace(bearer, bearer + added)
    (raddb / "sites-enabled" / "portal").write_text(site)
    own_key = f'\tportal_key = "{portal.other_key}"\n' if portal.other_key else ""
    gateways = (
        ("vpn-1", "127.0.0.1", "yes", ""),
        (UNSIGNING, UNSIGNING_ADDRESS, "no", ""),
        (OTHER, OTHER_ADDRESS, "yes", own_key),
    )
    (raddb / "clients.conf").write_text(
        "".join(
            f"client {name} {{\n\tipaddr = {address}\n\tsecret = {secret}\n\tshortname = {name}\n"
            f"\trequire_message_authenticator = {signs}\n{more}}}\n"
            for name, address, signs, more in gateways
        )
    )
