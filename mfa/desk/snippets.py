"""What to copy into gateways, filled in with what the portal knows; secrets stay places to fill in.

A gateway that has no second prompt cannot carry a question: what it needs of the application is said beside its text.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mfa.models import Application


@dataclass(frozen=True, slots=True)
class Snippet:
    """`slug` names it in addresses of the page; `text` is copied as it is; `note` is what else to know, if anything."""

    slug: str
    label: str
    where: str | Promise
    text: str
    note: str | Promise = ""


def of(application: Application) -> list[Snippet]:
    """One for each gateway that people ask about most, as this application takes its codes."""
    radius = settings.RADIUS_TEST_SERVER.rpartition(":")[0] or "ADDRESS OF FREERADIUS"
    openvpn = _openvpn_prompts if application.has_second_prompt else _openvpn_one_field
    return [
        *_freeradius(application),
        openvpn(radius),
        _strongswan(application, radius),
        _draytek(application, radius),
        _fortinet(application, radius),
    ]


def _freeradius(application: Application) -> list[Snippet]:
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
    ]  # fmt: skip


PAM = """\
verify-client-cert require
reneg-sec 0
# /etc/pam.d/openvpn
auth    required pam_radius_auth.so
account required pam_permit.so
# /etc/pam_radius_auth.conf: server, secret, seconds
{radius}:1812 THE_SAME_RANDOM_TEXT 15
"""
WAITS = "setenv deferred_auth_pam 1"
"""Without it the whole OpenVPN server stands still while one person is judged."""


def _openvpn_prompts(radius: str) -> Snippet:
    """The plugin answers a prompt of PAM by a word in it; every question of the portal for a code has this one."""
    note = _("The client asks for the code at once, so this suits codes of an app or a token, not those that are sent.")
    return Snippet("openvpn", "OpenVPN", _("server.conf and PAM; the last line is the client’s"), f"""\
{WAITS}
plugin /usr/lib/openvpn/openvpn-plugin-auth-pam.so "openvpn login USERNAME password PASSWORD code OTP"
{PAM.format(radius=radius)}# client
static-challenge "Code" 1
""", note)  # fmt: skip


def _openvpn_one_field(radius: str) -> Snippet:
    return Snippet("openvpn", "OpenVPN", _("server.conf and PAM"), f"""\
{WAITS}
plugin /usr/lib/openvpn/openvpn-plugin-auth-pam.so "openvpn login USERNAME password PASSWORD"
{PAM.format(radius=radius)}""")  # fmt: skip


def _strongswan(application: Application, radius: str) -> Snippet:
    return Snippet("strongswan", "strongSwan", "/etc/strongswan.d/charon/eap-radius.conf", f"""\
eap-radius {{
  load = yes
  servers {{
    portal {{
      address = {radius}
      secret = THE SAME RANDOM TEXT
      auth_port = 1812
    }}
  }}
}}
# swanctl.conf, a second remote section of an IKEv1 connection:
#   auth = xauth-radius
""", _one_field(application))  # fmt: skip


def _draytek(application: Application, radius: str) -> Snippet:
    return Snippet(
        "draytek", "DrayTek Vigor", _("the router’s own pages, by menu"), f"""\
Applications > RADIUS/TACACS+ > External RADIUS
    Enable: on
    Primary Server: {radius}
    Secret: THE SAME RANDOM TEXT
    Authentication Port: 1812
VPN and Remote Access > PPP General Setup
    Dial-In PPP Authentication: PAP Only
    PPP Authentication Methods: RADIUS
""", _one_field(application))  # fmt: skip


def _fortinet(application: Application, radius: str) -> Snippet:
    return Snippet("fortinet", "Fortinet", _("FortiOS command line"), f"""\
config user radius
    edit "{application.slug}"
        set server "{radius}"
        set secret THE SAME RANDOM TEXT
        set auth-type pap
        set timeout 15
        set require-message-authenticator enable
    next
end
config system global
    set remoteauthtimeout 30
end
""", _("FortiOS knows require-message-authenticator since 7.2.10, 7.4.5 and 7.6.1. Update an older one first: "
      "FreeRADIUS refuses requests that are not signed."))  # fmt: skip


def _one_field(application: Application) -> str | Promise:
    if not application.has_second_prompt:
        return ""
    return _(
        "It has no second prompt. Change this application to “password and code in one field” before you connect it."
    )
