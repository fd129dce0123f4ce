"""What tests on the domain controller share: how the portal's settings name it.

A test asks for the fixture `samba` (session-wide), calls `samba.reset()`, and takes its settings from here.
"""

from __future__ import annotations

from accounts.directory.readers.ldap import Server
from accounts.directory.readers.profiles import ACTIVE_DIRECTORY
from tests.services.samba import Samba


def settings_for(samba: Samba, *, ldaps: bool = True) -> dict[str, object]:
    return {
        "LDAP_PROFILE": "activedirectory",
        "LDAP_URL": samba.ldaps_url if ldaps else samba.url,
        "LDAP_START_TLS": True,
        "LDAP_CA_FILE": str(samba.ca_file),
        "LDAP_BIND_DN": samba.bind_dn,
        "LDAP_BIND_PASSWORD": samba.password,
        "LDAP_USER_BASE": samba.base,
        "LDAP_PAGE_SIZE": 3,
        "PHONE_DEFAULT_REGION": "GB",
    }


def server_for(samba: Samba, *, ldaps: bool = True, base: str = "") -> Server:
    return Server(
        url=samba.ldaps_url if ldaps else samba.url, start_tls=True, ca_file=str(samba.ca_file), bind_dn=samba.bind_dn,
        bind_password=samba.password, base=base or samba.base, user_filter=ACTIVE_DIRECTORY.everybody, timeout=5,
        page_size=3, profile=ACTIVE_DIRECTORY,
    )  # fmt: skip
