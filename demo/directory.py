"""The sample directory: a real slapd on loopback whose data lives beside the sample database."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from demo import certificate, passwords, people

FOLDER = settings.DATA_DIR / "demo" / "directory"
CA_FILE = FOLDER / "ca.pem"
CONFIG = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/ca.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
maxsize 104857600
suffix "{suffix}"
rootdn "{root}"
rootpw {root_password}
directory {folder}/data
index objectClass,uid,entryUUID eq
limits dn.exact="{reader}" size=unlimited
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="{base}" by dn.exact="{reader}" read by * none
access to * by * none
"""


class Unusable(Exception):
    """The sample directory cannot run; the message says why."""


def is_configured() -> bool:
    """Whether the settings point at the sample directory and not at one of the developer's own."""
    return bool(settings.LDAP_URL) and Path(settings.LDAP_CA_FILE).resolve() == CA_FILE.resolve()


def port() -> int:
    return urlsplit(settings.LDAP_URL).port or 389


def make_certificate() -> None:
    """Make the certificate that the settings name, whether or not slapd is there to show it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not CA_FILE.exists():
        certificate.make(CA_FILE, FOLDER / "key.pem")


def command() -> list[str]:
    """Make what is missing of the directory and return the command that runs it. Raises Unusable."""
    program = _program("slapd")
    make_certificate()
    config = _write_config()
    _fill(config, people.ldif(settings.LDAP_BIND_PASSWORD, passwords.of("directory people")))
    return [program, "-f", str(config), "-h", f"ldap://127.0.0.1:{port()}/", "-d", "none"]


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Unusable("slapd is not installed (sudo apt-get install slapd)")
    return found


def _write_config() -> Path:
    config = FOLDER / "slapd.conf"
    config.touch(mode=0o600)
    config.write_text(
        CONFIG.format(
            folder=FOLDER.resolve(),
            suffix=people.SUFFIX,
            base=people.PEOPLE,
            reader=people.READER,
            root=people.ROOT,
            root_password=passwords.of("directory administrator"),
        )
    )
    return config


def _fill(config: Path, text: str) -> None:
    """Load the people unless just these were loaded before. Changes made since by hand stay."""
    data, loaded = FOLDER / "data", FOLDER / "loaded"
    digest = hashlib.sha256(text.encode()).hexdigest()
    if loaded.exists() and loaded.read_text() == digest:
        return
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(mode=0o700)
    command = [_program("slapadd"), "-q", "-f", str(config)]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)  # noqa: S603  # our own words
    if done.returncode:
        raise Unusable(f"slapadd refused it: {done.stderr.decode(errors='replace').strip()[-300:]}")
    loaded.write_text(digest)
