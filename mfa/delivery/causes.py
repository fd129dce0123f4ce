"""Why a message stands where it stands, in an operator's words, and what to do next: read from the last try's trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy as lazy

from mfa.models import Delivery

Words = str | Promise
State = Delivery.State

MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
FULL = frozenset({"4.2.2", "5.2.2"})

BEFORE: dict[str, tuple[Words, Words]] = {
    "connect": (
        lazy("The server cannot be reached"),
        lazy("Check that the address in the settings is right, that the server runs, and that no firewall is between."),
    ),
    "greeting": (
        lazy("The server does not want to talk now"),
        lazy("Its own log says why. Often it is overloaded, or this machine's address is on a block list."),
    ),
    "ehlo": (lazy("The server refused the portal's own name"), lazy("It may want the name of this host to be in DNS.")),
    "starttls": (
        lazy("The server offers no encryption"),
        lazy("Mail leaves encrypted only. Switch STARTTLS on at the server, or use smtps:// in EMAIL_URL."),
    ),
    "tls": (
        lazy("The server's certificate is not trusted"),
        lazy("Write the name of the certificate in EMAIL_URL, and let this machine trust its authority."),
    ),
    "auth": (
        lazy("The server refused the portal's account"),
        lazy("Check user name and password in EMAIL_URL; the account may be locked or not allowed to send."),
    ),
    "mail": (
        lazy("The server refused the sender"),
        lazy("Check MAIL_FROM: the account may not be allowed to send under that address."),
    ),
}
"""By the step at which a mail came to a stop, before the recipient was named."""


@dataclass(frozen=True, slots=True)
class Cause:
    """`title` says what happened, `advice` what to do next; nothing where there is nothing to do."""

    tone: str
    title: str
    advice: str = ""


def of(delivery: Delivery) -> Cause:
    """The cause of the delivery's present state."""
    match delivery.state:
        case State.DELIVERED:
            return Cause("ok", _("It arrived: the network or the phone itself said so."))
        case State.SENT:
            return _taken(delivery)
        case State.EXPIRED:
            return Cause(
                "danger", _("Its time was over before it could leave, so it was not sent late."), _said(delivery)
            )
        case State.UNCERTAIN:
            words = _("The line broke after the text was given: nobody here can tell whether it was taken.")
            return Cause(
                "warn", words, _("It is not sent again, so that nobody gets it twice. The server's own log knows.")
            )
        case State.FAILED:
            return _failed(delivery)
    if delivery.tries and delivery.trace:
        title, advice = _stopped(delivery, _last(delivery))
        return Cause("warn", title, advice)
    return Cause(
        "info", _("It waits for a worker."), _("If it waits for more than a minute, check that a worker runs.")
    )


def _taken(delivery: Delivery) -> Cause:
    if delivery.channel == Delivery.Channel.MAIL:
        advice = _("If nothing arrives, look among unwanted mail. The server's log knows it by the reference below.")
        return Cause("ok", _("The mail server took it; what happens behind that server is not seen from here."), advice)
    return Cause("ok", _("The gateway took it."), _("Whether it arrived is known once the gateway sends a receipt."))


def _failed(delivery: Delivery) -> Cause:
    if delivery.receipts:
        words = _("The gateway took it, and the network could not deliver it.")
        advice = _("The phone may be off, abroad, or the number gone. Check the number, or offer another factor.")
        return Cause("danger", words, advice)
    title, advice = _stopped(delivery, _last(delivery))
    return Cause("danger", title, advice)


def _stopped(delivery: Delivery, step: dict[str, Any]) -> tuple[str, str]:
    """What the last step of the last try says."""
    code, name = step.get("code"), step.get("step", "")
    if not step:
        return delivery.error or _("It did not leave."), ""
    if delivery.channel == Delivery.Channel.SMS:
        return _by_gateway(code, name)
    if name in BEFORE:
        title, advice = BEFORE[name]
        return _with_code(str(title), code), str(advice)
    if code is None:
        return _("The line broke, or the server fell silent"), _(
            "It is tried again. Look at the server's log of that time."
        )
    return _about_recipient(code, step) if name == "rcpt" else _about_mail(code)


def _about_recipient(code: int, step: dict[str, Any]) -> tuple[str, str]:
    status = str(step.get("text", "")).partition(" ")[0]
    title = _with_code(_("The server refused the recipient"), code)
    if status in FULL or code in (452, 552):
        return f"{title}: {_('the mailbox is full')}", _("The person has to make room, or use another factor.")
    if 400 <= code < 500:
        words = _("come back later (greylisting, or a fault of its own)")
        return f"{title}: {words}", _("Nothing to do: it is tried again by itself while the message is of use.")
    if status in MAILBOX or code in (550, 551, 553):
        words = _("the mailbox does not exist, or takes no mail from here")
        return f"{title}: {words}", _("Check the person's address in the directory.")
    return title, _("The server's words below say why; its own log says more.")


def _about_mail(code: int) -> tuple[str, str]:
    title = _with_code(_("The server refused the mail itself"), code)
    if 400 <= code < 500:
        return title, _("Nothing to do: it is tried again by itself while the message is of use.")
    return title, _(
        "A filter may take it for unwanted mail. Ask whoever runs the server to let the portal's sender pass."
    )


def _by_gateway(code: int | None, name: str) -> tuple[str, str]:
    if name == "connect":
        return _("The gateway cannot be reached"), _(
            "Check its address in the settings, and that no firewall is between."
        )
    if code is None:
        return _("The gateway did not answer"), _("Look at the gateway's log of that time.")
    title = _with_code(_("The gateway refused the message"), code)
    if code in (401, 403):
        return title, _("Check the account and the password or token of the gateway in the settings.")
    if code == 429 or code >= 500:
        return title, _("It is overloaded or has a fault of its own. It is tried again while the message is of use.")
    return title, _("Its answer below says why: often a number it does not serve, or an account without credit.")


def _said(delivery: Delivery) -> str:
    """For a message that never left: what stood in the way the last time."""
    return _stopped(delivery, _last(delivery))[0] if delivery.trace else _("No worker came to it. Check that one runs.")


def _last(delivery: Delivery) -> dict[str, Any]:
    """The last step of the last try that was not the goodbye."""
    steps = delivery.trace[-1]["steps"] if delivery.trace else []
    return next((step for step in reversed(steps) if step["step"] != "quit"), {})


def _with_code(title: str, code: int | None) -> str:
    return f"{title} ({code})" if code is not None else title
