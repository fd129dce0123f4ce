"""LDAP servers: OpenLDAP, 389-ds, Active Directory. The only folder of the portal that imports ldap.

link.connected(server) opens a connection that may be trusted; errors says in words what a server answered.
"""

from __future__ import annotations

from accounts.directory.readers.ldap.changes import FollowedLdapReader
from accounts.directory.readers.ldap.errors import REFUSALS
from accounts.directory.readers.ldap.pages import LdapReader
from accounts.directory.readers.ldap.person import SUBTREE
from accounts.directory.readers.ldap.server import Server, is_dn, is_filter

__all__ = ["REFUSALS", "SUBTREE", "FollowedLdapReader", "LdapReader", "Server", "is_dn", "is_filter"]
