"""The configuration file of a test slapd, and what its tests may change in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.services.servers.certificates import ServerCertificate

SUFFIX = "dc=example,dc=test"
PEOPLE = f"ou=people,{SUFFIX}"
ROOT_DN = f"cn=root,{SUFFIX}"
READER_DN = f"cn=reader,ou=services,{SUFFIX}"

BASE_LDIF = """\
dn: {suffix}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {people}
objectClass: organizationalUnit
ou: people

dn: ou=services,{suffix}
objectClass: organizationalUnit
ou: services

dn: {reader}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {reader_password}

"""

_TEMPLATE = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCACertificateFile {certificate.ca_file}
TLSCertificateFile {certificate.cert_file}
TLSCertificateKeyFile {certificate.key_file}
TLSVerifyClient never
database mdb
maxsize 4294967296
suffix "{suffix}"
rootdn "{root_dn}"
rootpw {root_password}
directory {folder}/data
dbnosync
index objectClass eq
index uid eq
index entryUUID eq
index entryCSN eq
index modifyTimestamp eq
{limits}
{access}
overlay syncprov
syncprov-sessionlog 20000
"""


@dataclass
class SlapdConfig:
    """Everything that goes into slapd.conf; change a field, `render` again and restart.

    `people_visible=False` hides every person from the reader, `hidden_attributes` hides those of each person;
    `size_limit` caps what one search of the reader returns, pages included (None: no cap). The reader may change
    `writable_attributes` of people, and then sees what the server can do.
    """

    folder: Path
    certificate: ServerCertificate
    root_password: str
    people_visible: bool = True
    hidden_attributes: tuple[str, ...] = ()
    size_limit: int | None = None
    writable_attributes: tuple[str, ...] = ()

    def render(self) -> str:
        return _TEMPLATE.format(
            folder=self.folder,
            certificate=self.certificate,
            suffix=SUFFIX,
            root_dn=ROOT_DN,
            root_password=self.root_password,
            limits=self._limits(),
            access=self._access(),
        )

    def _limits(self) -> str:
        size = "unlimited" if self.size_limit is None else str(self.size_limit)
        return f'limits dn.exact="{READER_DN}" size={size} size.prtotal={size} time=unlimited'

    def _access(self) -> str:
        reader = f'by dn.exact="{READER_DN}"'
        rules = ["access to attrs=userPassword by anonymous auth by * none"]
        if not self.people_visible:
            rules.append(f'access to dn.children="{PEOPLE}" by * none')
        if self.hidden_attributes:
            rules.append(f"access to attrs={','.join(self.hidden_attributes)} by * none")
        if self.writable_attributes:
            attributes = ",".join(self.writable_attributes)
            rules.append(f'access to dn.subtree="{PEOPLE}" attrs={attributes} {reader} write by * none')
            rules.append('access to dn.base="" by * read')
        rules.append(f'access to dn.subtree="{PEOPLE}" {reader} read by * none')
        # The suffix entry carries contextCSN, which a syncrepl client reads.
        rules.append(f'access to dn.base="{SUFFIX}" {reader} read by * none')
        rules.append("access to * by * none")
        return "\n".join(rules)
