"""What to copy into gateways, filled in with what the portal knows; secrets stay places to fill in."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mfa.models import Application


@dataclass(frozen=True, slots=True)
class Snippet:
    """`slug` names it in addresses of the page; `text` is copied as it is."""

    slug: str
    label: str
    where: str | Promise
    text: str


def of(application: Application) -> list[Snippet]:
    """One for each gateway that people ask about most."""
    name = application.slug
    return [
        Snippet("freeradius", "FreeRADIUS", _("First two values of mods-available/portal"), f"""\
portal_url = "{settings.PUBLIC_URL}"
portal_key = "KEY OF {name.upper()}"
"""),
        Snippet("client", "FreeRADIUS: gateway", "/etc/freeradius/3.0/clients.conf", f"""\
client {name}-1 {{
	ipaddr = ADDRESS OF THE GATEWAY
	secret = A LONG RANDOM TEXT
	shortname = {name}-1
	require_message_authenticator = yes
}}
"""),
        Snippet("openvpn", "OpenVPN", _("server.conf, with openvpn-auth-radius or PAM"), """\
plugin /usr/lib/openvpn/openvpn-plugin-auth-pam.so "openvpn login USERNAME password PASSWORD"
verify-client-cert require
reneg-sec 0
# /etc/pam.d/openvpn
auth    required pam_radius_auth.so
account required pam_permit.so
"""),
        Snippet("strongswan", "strongSwan", "/etc/strongswan.d/charon/eap-radius.conf", """\
eap-radius {
  load = yes
  servers {
    portal {
      address = ADDRESS OF FREERADIUS
      secret = THE SAME RANDOM TEXT
      auth_port = 1812
    }
  }
}
# swanctl.conf, in the connection's remote section:
#   auth = xauth-radius     (IKEv1)
#   auth = eap-radius       (IKEv2, with a client that does EAP-GTC)
"""),
        Snippet("draytek", "DrayTek Vigor", _("Applications > RADIUS/TACACS+ and VPN > Remote Access Control"), """\
RADIUS Server Enable: on
Primary Server IP Address: ADDRESS OF FREERADIUS
Destination Port: 1812
Shared Secret: THE SAME RANDOM TEXT
PPP General Setup > Authentication: PAP Only
"""),
        Snippet("fortinet", "Fortinet", _("FortiOS command line"), f"""\
config user radius
    edit "{name}"
        set server "ADDRESS OF FREERADIUS"
        set secret THE SAME RANDOM TEXT
        set auth-type pap
        set timeout 15
        set require-message-authenticator enable
    next
end
config system global
    set remoteauthtimeout 30
end
"""),
    ]  # fmt: skip
