"""A real Active Directory domain controller (Samba) in a network of its own: certificates, a service account."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ldap
import ldap.dn
from ldap.controls.libldap import SimplePagedResultsControl

from tests.services.servers.certificates import Authority, ServerCertificate
from tests.services.servers.domains import REALM, domain_copy, strong_password
from tests.services.servers.folders import temporary_folder
from tests.services.servers.networks import Network, private_network
from tests.services.servers.processes import ServerProcess, find_program

SUFFIX = "DC=example,DC=test"
PEOPLE = f"OU=people,{SUFFIX}"
ADMINISTRATOR = f"CN=Administrator,CN=Users,{SUFFIX}"
READER = f"CN=reader,CN=Users,{SUFFIX}"
NORMAL_ACCOUNT, DISABLED = 0x200, 0x2

Attributes = dict[str, list[bytes]]
NewValues = Sequence[str] | Sequence[bytes] | str | bytes | None

_CONFIG = """\
[global]
netbios name = DC
workgroup = EXAMPLE
realm = {realm}
server role = active directory domain controller
server services = ldap
bind interfaces only = yes
interfaces = lo {network.there}
private dir = {folder}/private
lock directory = {folder}
state directory = {folder}/state
cache directory = {folder}/cache
binddns dir = {folder}/bind-dns
pid directory = {folder}
ncalrpc dir = {folder}/ncalrpc
log file = {folder}/samba.log
tls enabled = yes
tls certfile = {certificate.cert_file}
tls keyfile = {certificate.key_file}
tls cafile = {certificate.ca_file}
ldb:nosync = yes
"""


@dataclass
class Samba:
    """A running domain controller. `bind_dn` is a plain account of the domain: it reads, and changes nothing.

    People live under `base`; `suffix` is the domain's root, at which searches end with references to other servers.
    """

    network: Network
    ca_file: Path
    other_ca_file: Path
    administrator_password: str
    password: str
    process: ServerProcess
    bind_dn: str = READER
    suffix: str = SUFFIX
    base: str = PEOPLE

    @property
    def url(self) -> str:
        return f"ldap://{self.network.there}"

    @property
    def ldaps_url(self) -> str:
        return f"ldaps://{self.network.there}"

    def start(self) -> None:
        """Start it and wait until it answers; nothing happens when it runs."""
        self.process.start()
        self.process.wait_until(self._answers, timeout=60)

    def stop(self) -> None:
        self.process.stop()

    def reset(self) -> None:
        """Back to how it began: running, nobody under `base`."""
        self.start()
        with self.connection() as link:
            found = [dn for dn, _ in _search(link, self.base, "(objectClass=*)", ["1.1"]) if dn != self.base]
            for dn in sorted(found, key=lambda dn: dn.count(","), reverse=True):
                link.delete_s(dn)

    def add_person(self, name: str, password: str = "", *, base: str = "", **attributes: NewValues) -> str:
        """Add a user whose sAMAccountName and CN are `name`; without a password the account is disabled, as a domain
        demands. Returns the DN."""
        dn = f"CN={ldap.dn.escape_dn_chars(name)},{base or self.base}"
        state = NORMAL_ACCOUNT if password else NORMAL_ACCOUNT | DISABLED
        merged: dict[str, NewValues] = {
            "objectClass": "user",
            "sAMAccountName": name,
            "userPrincipalName": f"{name}@{REALM.lower()}",
            "userAccountControl": str(state),
            **({"unicodePwd": f'"{password}"'.encode("utf-16-le")} if password else {}),
            **attributes,
        }
        self.add(dn, merged)
        return dn

    def add(self, dn: str, attributes: Mapping[str, NewValues]) -> None:
        with self.connection() as link:
            link.add_s(dn, [(name, _encoded(values)) for name, values in attributes.items()])

    def modify(self, dn: str, **attributes: NewValues) -> None:
        """Replace each named attribute by one value or several; None removes it."""
        changes = [(ldap.MOD_REPLACE, name, _encoded(values)) for name, values in attributes.items()]
        with self.connection() as link:
            link.modify_s(dn, changes)

    def disable(self, dn: str) -> None:
        self.modify(dn, userAccountControl=str(NORMAL_ACCOUNT | DISABLED))

    def enable(self, dn: str) -> None:
        self.modify(dn, userAccountControl=str(NORMAL_ACCOUNT))

    def rename(self, dn: str, new_rdn: str, *, new_superior: str | None = None) -> None:
        with self.connection() as link:
            link.rename_s(dn, new_rdn, newsuperior=new_superior)

    def delete(self, dn: str) -> None:
        with self.connection() as link:
            link.delete_s(dn)

    def search(
        self, filter_text: str = "(objectClass=user)", *, base: str = "", attributes: Iterable[str] = ()
    ) -> list[tuple[str, Attributes]]:
        """What the administrator sees: DN and attributes of each entry."""
        with self.connection() as link:
            return _search(link, base or self.base, filter_text, list(attributes) or None)

    @contextlib.contextmanager
    def connection(
        self, bind_dn: str | None = None, password: str | None = None
    ) -> Iterator[ldap.ldapobject.LDAPObject]:
        """A verified ldaps connection bound as `bind_dn`, else as the administrator; ldap.INVALID_CREDENTIALS when
        refused."""
        link = ldap.initialize(self.ldaps_url)
        try:
            link.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
            link.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
            link.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self.ca_file))
            link.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
            link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
            link.simple_bind_s(bind_dn or ADMINISTRATOR, self.administrator_password if password is None else password)
            yield link
        finally:
            link.unbind_s()

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.network.there, 636), timeout=1).close()
        except OSError:
            return False
        return True


@contextlib.contextmanager
def samba_server() -> Iterator[Samba]:
    """A fresh domain example.test with an empty `OU=people`.

    MissingProgram when Samba is not installed, or where no network namespace may be made.
    """
    program = find_program("samba", "samba")
    with (
        temporary_folder("samba") as folder,
        private_network(folder) as network,
        domain_copy(folder / "domain") as administrator,
    ):
        certificate = Authority(folder / "tls").issue(names=[network.there, f"dc.{REALM.lower()}"])
        _write_config(folder / "domain", network, certificate)
        server = Samba(
            network=network,
            ca_file=certificate.ca_file,
            other_ca_file=Authority(folder / "other", "Another authority").ca_file,
            administrator_password=administrator,
            password=strong_password(),
            process=ServerProcess(
                network.inside(program, "-s", folder / "domain/smb.conf", "-F", "--debug-stdout", "-M", "single"),
                log=folder / "samba.log",
            ),
        )
        try:
            server.start()
            server.add(server.base, {"objectClass": "organizationalUnit"})
            server.add_person("reader", server.password, base=f"CN=Users,{SUFFIX}")
            yield server
        finally:
            server.stop()


def _write_config(folder: Path, network: Network, certificate: ServerCertificate) -> None:
    text = _CONFIG.format(folder=folder, network=network, certificate=certificate, realm=REALM)
    (folder / "smb.conf").write_text(text)


def _search(
    link: ldap.ldapobject.LDAPObject, base: str, filter_text: str, attributes: list[str] | None
) -> list[tuple[str, Attributes]]:
    """In pages, as a domain controller gives no more than a thousand entries at once."""
    page, found = SimplePagedResultsControl(True, size=1000, cookie=b""), []
    while True:
        sent = link.search_ext(base, ldap.SCOPE_SUBTREE, filter_text, attributes, serverctrls=[page])
        _, entries, _, controls = link.result3(sent)
        found += [(dn, values) for dn, values in entries if dn is not None]
        page.cookie = controls[0].cookie
        if not page.cookie:
            return found


def _encoded(values: NewValues) -> list[bytes] | None:
    if values is None:
        return None
    several = [values] if isinstance(values, str | bytes) else values
    return [value.encode() if isinstance(value, str) else value for value in several]
