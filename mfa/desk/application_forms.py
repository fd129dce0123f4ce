"""What is asked for when an application, a key or a remember rule is made or changed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from mfa import kinds
from mfa.api.clients import Verb
from mfa.desk.forms import LineField
from mfa.models import Application, RememberRule
from mfa.models.applications import LONGEST_COOL_DOWN

if TYPE_CHECKING:
    ApplicationModelForm = forms.ModelForm[Application]
    RuleModelForm = forms.ModelForm[RememberRule]
else:
    ApplicationModelForm = RuleModelForm = forms.ModelForm

ATTRIBUTE = re.compile(
    r"(?:(?P<group>[^:=]+):\s*)?(?P<name>[A-Za-z][A-Za-z0-9-]{0,63})\s*=\s*(?P<value>[^\x00-\x1f]{1,253})"
)
LEAST_PREFIX = {4: 8, 6: 32}
"""Bits: the largest network that a key may be bound to, by IP version."""
DOMAIN = re.compile(r"[^\s\\@,]{1,253}")
VERBS = (
    (Verb.RADIUS, gettext_lazy("FreeRADIUS in front of a VPN gateway")),
    (Verb.VERIFY, gettext_lazy("Judging codes (HTTPS)")),
    (Verb.CHALLENGE, gettext_lazy("Sending codes (HTTPS)")),
)


def in_words(verbs: Collection[str]) -> str:
    """What a key may ask for, as the form says that makes one."""
    return ", ".join(str(label) for verb, label in VERBS if verb in verbs)


class Reasoned(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"), max_length=500, required=False,
        help_text=gettext_lazy("Kept in the audit trail; at most 500 characters."),
    )  # fmt: skip


class AttributesField(forms.CharField):
    """`Filter-Id = vpn` for everybody, `engineers: Filter-Id = vpn-eng` for a group; one on each line."""

    widget = forms.Textarea({"rows": 4, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        lines = ((group, name, text) for group, named in value.items() for name, text in named.items())
        return "\n".join(f"{group}: {name} = {text}" if group else f"{name} = {text}" for group, name, text in lines)

    def to_python(self, value: object) -> Any:
        found: dict[str, dict[str, str]] = {}
        for line in str(value or "").splitlines():
            if not line.strip():
                continue
            match = ATTRIBUTE.fullmatch(line.strip())
            if match is None:
                raise forms.ValidationError(
                    _("“%(line)s” is not of the form Name = value."), params={"line": line[:60]}
                )
            found.setdefault((match["group"] or "").strip(), {})[match["name"]] = match["value"].strip()
        return found


class DomainsField(forms.CharField):
    """Names of domains, apart by blanks or commas."""

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value

    def to_python(self, value: object) -> Any:
        found = str(value or "").replace(",", " ").split()
        for domain in found:
            if not DOMAIN.fullmatch(domain):
                raise forms.ValidationError(_("“%(domain)s” is no domain."), params={"domain": domain[:60]})
        return list(dict.fromkeys(domain.casefold() for domain in found))


class ApplicationForm(Reasoned, ApplicationModelForm):
    """The short name stays what it is once it stands in logs."""

    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Only these kinds of factors"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Tick none to accept all but those that must be named: e-mail codes and mOTP, and with “code only” SMS too."
        ),
    )  # fmt: skip
    domains = DomainsField(
        label=gettext_lazy("Domains that are left off"), required=False, max_length=500,
        help_text=gettext_lazy(
            r"With EXAMPLE example.org, EXAMPLE\alice and alice@example.org are alice. Other names count as typed."
        ),
    )  # fmt: skip
    reply_attributes = AttributesField(
        label=gettext_lazy("Attributes of an acceptance"), required=False,
        help_text=gettext_lazy("One on each line: Filter-Id = vpn, or for a group: engineers: Filter-Id = vpn-eng."),
    )  # fmt: skip

    class Meta:
        model = Application
        fields = (
            "name", "slug", "mode", "separator", "code_length", "kinds", "domains", "address_attribute",
            "reply_attributes", "cool_down_hours", "active",
        )  # fmt: skip
        labels = {
            "slug": gettext_lazy("Short name, as logs have it"),
            "cool_down_hours": gettext_lazy("Hours after a reset before a new factor is taken here"),
        }
        help_texts = {
            "mode": gettext_lazy(
                "“Code only” is for gateways that check the password themselves. With one that asks for no password "
                "the code is the only factor, and whoever knows a name can guess at it, and have messages sent to its "
                "owner."
            ),
            "separator": gettext_lazy("One character, such as a comma. Empty: the code is the end of what is typed."),
            "code_length": gettext_lazy(
                "Where there is no separator. Only codes of this length, and passwords without a code that do not end "
                "like one, are told apart; a separator is safer."
            ),
            "address_attribute": gettext_lazy(
                "Whose word about the person's address counts: for rules by address and for limits. Name one only if "
                "nobody but the gateway can set it."
            ),
            "cool_down_hours": gettext_lazy(
                "0: at once. For what matters most, such as payments or administration, 24 gives the owner a day to "
                "notice that somebody talked helpdesk into a reset, 72 a weekend; 168 is the most. It holds for what "
                "was set up after a reset or with an activation code, and for tokens, phone numbers and temporary "
                "codes that helpdesk gave. Factors from before go on working."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].disabled = self.instance.pk is not None
        field = self.fields["kinds"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(kind.slug, kind.marked_label) for kind in kinds.registry().values() if kind.signs_in]

    def clean_code_length(self) -> int:
        length = int(self.cleaned_data["code_length"])
        if not 4 <= length <= 10:
            raise forms.ValidationError(_("A code has 4 to 10 characters."))
        return length

    def clean_cool_down_hours(self) -> int:
        hours = int(self.cleaned_data["cool_down_hours"])
        if hours > LONGEST_COOL_DOWN:
            raise forms.ValidationError(_("At most %(hours)d hours, which is a week.") % {"hours": LONGEST_COOL_DOWN})
        return hours


class KeyForm(Reasoned):
    """A new key of an application."""

    verbs = forms.MultipleChoiceField(
        label=gettext_lazy("What it may ask for"), choices=VERBS, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one.")},
    )  # fmt: skip
    networks = forms.CharField(
        label=gettext_lazy("From where"), max_length=500,
        help_text=gettext_lazy("Addresses or networks of the servers that hold it: 192.0.2.10 198.51.100.0/24."),
        error_messages={"required": gettext_lazy("Say from where the key may be used.")},
    )  # fmt: skip
    days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"), min_value=1, max_value=400, initial=365,
        help_text=gettext_lazy("Two keys can work at once, so the next one can be rolled out in time."),
    )  # fmt: skip

    def clean_networks(self) -> list[str]:
        words = str(self.cleaned_data["networks"]).replace(",", " ").split()
        try:
            networks = [ipaddress.ip_network(word) for word in words]
        except ValueError:
            raise forms.ValidationError(_("Write addresses or networks such as 192.0.2.0/24.")) from None
        if any(network.prefixlen < LEAST_PREFIX[network.version] for network in networks):
            raise forms.ValidationError(_("That is too large a network to bind a key to."))
        return [str(network) for network in networks]

    @property
    def life(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])


class RevokeForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Reason"), max_length=500,
        error_messages={"required": gettext_lazy("Say why; it is kept in the audit trail.")},
    )  # fmt: skip


class RememberRuleForm(Reasoned, RuleModelForm):
    """Seconds up to a day; nothing renews what is remembered."""

    kind = forms.ChoiceField(label=gettext_lazy("Which factor must have been shown"), required=False)

    class Meta:
        model = RememberRule
        fields = ("name", "scope", "application", "kind", "seconds", "active")
        help_texts = {
            "application": gettext_lazy("Empty: every application."),
            "seconds": gettext_lazy("From 1 to 86400. Counted from the verification; nothing renews it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["kind"]
        if isinstance(field, forms.ChoiceField):
            signing = [(kind.slug, kind.marked_label) for kind in kinds.registry().values() if kind.signs_in]
            field.choices = [("", _("Any")), *signing]

    def clean_seconds(self) -> int:
        seconds = int(self.cleaned_data["seconds"])
        if not 1 <= seconds <= 86_400:
            raise forms.ValidationError(_("From 1 second to a day of 86400."))
        return seconds

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        at, scope = given.get("application"), given.get("scope")
        if scope == RememberRule.Scope.ADDRESS and at is not None and not at.address_attribute:
            self.add_error(
                "scope", _("This application is not believed about addresses, so nothing would be remembered.")
            )
        return given
