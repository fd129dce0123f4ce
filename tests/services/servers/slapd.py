"""A real OpenLDAP server: its own suffix, certificates, read-only service account and people."""

from __future__ import annotations

import contextlib
import io
import secrets
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ldap
import ldif  # type: ignore[import-untyped]

from tests.services.servers import people
from tests.services.servers.certificates import LOOPBACK, Authority, ServerCertificate, self_signed
from tests.services.servers.folders import temporary_folder
from tests.services.servers.ports import free_port, listens
from tests.services.servers.processes import ServerProcess, find_program
from tests.services.servers.slapd_config import BASE_LDIF, PEOPLE, READER_DN, ROOT_DN, SUFFIX, SlapdConfig

Attributes = dict[str, list[bytes]]
NewValues = Sequence[str] | Sequence[bytes] | str | bytes | None


@dataclass
class Slapd:
    """A running directory. `bind_dn` may read people but never userPassword; anonymous may only authenticate."""

    url: str
    ldaps_url: str
    ca_file: Path
    other_ca_file: Path
    password: str
    config: SlapdConfig
    process: ServerProcess
    slapadd: str
    bind_dn: str = READER_DN
    root_dn: str = ROOT_DN
    suffix: str = SUFFIX
    base: str = PEOPLE

    @property
    def root_password(self) -> str:
        return self.config.root_password

    def start(self) -> None:
        """Start it and wait until both ports answer; nothing happens when it runs."""
        self._config_file.write_text(self.config.render())
        self.process.start()
        ports = [int(url.rpartition(":")[2]) for url in (self.url, self.ldaps_url)]
        self.process.wait_until(lambda: all(listens(port) for port in ports))

    def stop(self) -> None:
        self.process.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def reset(self) -> None:
        """Back to how it began: running, default rules, nobody under `base`."""
        default = SlapdConfig(self.config.folder, self.config.certificate, self.config.root_password)
        if self.config != default:
            self.config = default
            self.restart()
        self.start()
        with self.connection() as root:
            children = [dn for dn, _ in _search(root, self.base, "(objectClass=*)", ["1.1"]) if dn != self.base]
            for dn in sorted(children, key=len, reverse=True):
                root.delete_s(dn)

    def configure(
        self,
        *,
        people_visible: bool = True,
        hidden_attributes: Iterable[str] = (),
        size_limit: int | None = None,
        writable_attributes: Iterable[str] = (),
    ) -> None:
        """Change what the service account sees and may change (see SlapdConfig) and restart."""
        self.config = replace(
            self.config,
            people_visible=people_visible,
            hidden_attributes=tuple(hidden_attributes),
            size_limit=size_limit,
            writable_attributes=tuple(writable_attributes),
        )
        self.restart()

    def load(self, text: str) -> None:
        """Add the entries of an LDIF text while the server runs."""
        reader = ldif.LDIFRecordList(io.StringIO(text))
        reader.parse()
        with self.connection() as root:
            for dn, attributes in reader.all_records:
                root.add_s(dn, list(attributes.items()))

    def bulk_load(self, entries: Iterable[str]) -> None:
        """Add LDIF entries with slapadd, the server stopped meanwhile: for tens of thousands, or a chosen entryUUID."""
        self.stop()
        source = self.config.folder / "load.ldif"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(entries)
        self._config_file.write_text(self.config.render())
        command: list[str | Path] = [self.slapadd, "-q", "-f", self._config_file, "-l", source]
        loaded = subprocess.run(command, capture_output=True, text=True, check=False)
        if loaded.returncode:
            raise ValueError(f"slapadd refused the LDIF: {loaded.stderr[-2000:]}")
        source.unlink()
        self.start()

    def generate_people(self, count: int, *, first: int = 0) -> None:
        """Add `count` plain people quickly (see people.many_people)."""
        self.bulk_load(people.many_people(count, first=first))

    def add_person(self, uid: str, **attributes: people.Values) -> str:
        """Add one inetOrgPerson (userPassword="..." makes it able to bind); returns its DN."""
        self.load(people.person(uid, attributes))
        return f"uid={uid},{self.base}"

    def add(self, dn: str, attributes: dict[str, NewValues]) -> None:
        with self.connection() as root:
            root.add_s(dn, [(name, _encoded(values)) for name, values in attributes.items()])

    def modify(self, dn: str, **attributes: NewValues) -> None:
        """Replace each named attribute by one value or several; None removes it."""
        changes = [(ldap.MOD_REPLACE, name, _encoded(values)) for name, values in attributes.items()]
        with self.connection() as root:
            root.modify_s(dn, changes)

    def rename(self, dn: str, new_rdn: str, *, new_superior: str | None = None) -> None:
        with self.connection() as root:
            root.rename_s(dn, new_rdn, newsuperior=new_superior)

    def delete(self, dn: str) -> None:
        with self.connection() as root:
            root.delete_s(dn)

    def search(
        self,
        filter_text: str = "(objectClass=inetOrgPerson)",
        *,
        base: str | None = None,
        attributes: Iterable[str] = (),
    ) -> list[tuple[str, Attributes]]:
        """What root sees: DN and attributes of each entry; operational ones only when named."""
        with self.connection() as root:
            return _search(root, base or self.base, filter_text, list(attributes) or None)

    @contextlib.contextmanager
    def connection(
        self, bind_dn: str | None = None, password: str | None = None
    ) -> Iterator[ldap.ldapobject.LDAPObject]:
        """A StartTLS connection bound as `bind_dn`, else as root; ldap.INVALID_CREDENTIALS when refused."""
        link = ldap.initialize(self.url)
        try:
            link.set_option(ldap.OPT_NETWORK_TIMEOUT, 10)
            # Tests of wrong certificates fill such servers through this connection as well.
            link.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_NEVER)
            link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
            link.start_tls_s()
            link.simple_bind_s(bind_dn or self.root_dn, self.root_password if password is None else password)
            yield link
        finally:
            link.unbind_s()

    @property
    def _config_file(self) -> Path:
        return self.config.folder / "slapd.conf"


@contextlib.contextmanager
def slapd_server(
    *, names: Sequence[str] = LOOPBACK, days: int = 30, signed_by_authority: bool = True, port: int | None = None
) -> Iterator[Slapd]:
    """A fresh directory with an empty `ou=people`.

    `names` go into its certificate (other names than localhost make a wrong one), negative `days` let it be expired,
    `signed_by_authority=False` makes it self-signed. MissingProgram when slapd is not installed.
    """
    program, slapadd = find_program("slapd", "slapd"), find_program("slapadd", "slapd")
    with temporary_folder("slapd") as folder:
        (folder / "data").mkdir()
        certificate = _certificate(folder / "tls", names, days, signed_by_authority)
        config = SlapdConfig(folder, certificate, root_password=secrets.token_urlsafe(18))
        url, ldaps_url = f"ldap://127.0.0.1:{port or free_port()}", f"ldaps://127.0.0.1:{free_port()}"
        listeners = f"{url}/ {ldaps_url}/"
        server = Slapd(
            url=url,
            ldaps_url=ldaps_url,
            ca_file=certificate.ca_file,
            other_ca_file=Authority(folder / "other", "Another authority").ca_file,
            password=secrets.token_urlsafe(18),
            config=config,
            process=ServerProcess(
                [program, "-f", folder / "slapd.conf", "-h", listeners, "-d", "none"], log=folder / "slapd.log"
            ),
            slapadd=slapadd,
        )
        try:
            server.bulk_load([_base_entries(server.password)])
            yield server
        finally:
            server.stop()


def _certificate(folder: Path, names: Sequence[str], days: int, signed_by_authority: bool) -> ServerCertificate:
    if signed_by_authority:
        return Authority(folder).issue(names=names, days=days)
    return self_signed(folder, names)


def _base_entries(reader_password: str) -> str:
    return BASE_LDIF.format(suffix=SUFFIX, people=PEOPLE, reader=READER_DN, reader_password=reader_password)


def _search(
    link: ldap.ldapobject.LDAPObject, base: str, filter_text: str, attributes: list[str] | None
) -> list[tuple[str, Attributes]]:
    found = link.search_s(base, ldap.SCOPE_SUBTREE, filter_text, attributes)
    return [(dn, values) for dn, values in found if dn is not None]


def _encoded(values: NewValues) -> list[bytes] | None:
    if values is None:
        return None
    several = [values] if isinstance(values, str | bytes) else values
    return [value.encode() if isinstance(value, str) else value for value in several]
