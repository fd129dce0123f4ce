"""Makes the databases of a new domain controller. Run by the system's Python, which has Samba's modules:
samba_domain.py FOLDER REALM, the administrator's password on standard input."""

from __future__ import annotations

import logging
import sys

from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.param import LoadParm
from samba.provision import provision


def main(folder: str, realm: str) -> None:
    parameters = LoadParm()
    parameters.load_default()
    parameters.set("ldb:nosync", "yes")
    # samba-tool does the same, and then sets access rights of shared files that not every file system has.
    provision(
        logging.getLogger(),
        system_session(parameters),
        targetdir=folder,
        realm=realm,
        domain=realm.partition(".")[0],
        hostname="dc",
        hostip="127.0.0.1",
        adminpass=sys.stdin.readline().strip(),
        serverrole="active directory domain controller",
        dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2,
        dns_backend="NONE",
        skip_sysvolacl=True,
        lp=parameters,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
