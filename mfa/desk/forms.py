"""What an act asks for: always a reason; some also how the person proved who they are, a kind, or a role."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from accounts import names
from accounts.models import User
from accounts.phone_rules import refusal, rules
from accounts.phones import Unusable, normalise
from mfa import activation, exemptions, kinds, roles, temporary
from mfa.delivery.writing import one_line
from mfa.desk.acts import VOUCHED, Act
from mfa.desk.asked import Order
from mfa.desk.readonly import is_number_of_a_row
from mfa.models import Application

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[User]
else:
    ModelForm = forms.ModelForm

MOST_PEOPLE = 500
A_YEAR = timedelta(days=365)

IDENTITY = (
    ("", _("Choose one")),
    ("in-person", _("In person, with an identity document or badge")),
    ("video", _("Video call with an identity document")),
    ("call-back", _("Called back on a number known before")),
    ("manager", _("The manager or a known colleague vouched")),
    ("first-issue", _("First set-up, handed over in person")),
)


HAND_OVER = {
    activation.HandOver.SHOWN: _("Shown here once; you hand it over"),
    activation.HandOver.SMS: _("By SMS to the confirmed number; works 10 minutes"),
    activation.HandOver.MAIL: _("By mail to the confirmed mailbox; works 24 hours"),
}
READ_BACK = "with-confirmation"
CONFIRMATION = (
    (READ_BACK, _("The caller reads a code back from the new phone; only then the number is saved, as confirmed")),
    ("without-confirmation", _("Save without confirmation: at once, not confirmed, and no proof in a caller check")),
)
LAST = ("identity", "reason", "ticket")
"""What is done first, then why."""
CALLER = ("caller-check", _("Caller check: a code was read back"))


class LineField(forms.CharField):
    """One line without control characters: reasons are printed in lists, mails and CSV files."""

    def to_python(self, value: object) -> str:
        return one_line(super().to_python(value) or "")


class ActForm(forms.Form):
    """Only the fields that the act asks for remain."""

    kind = forms.ChoiceField(label=_("Which factor"))
    role = forms.ChoiceField(label=_("Role"), required=False)
    until = forms.DateField(
        label=_("Last day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("At most half a year from now."),
    )  # fmt: skip
    starts_on = forms.DateField(
        label=_("From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), required=False,
        help_text=_("Empty: from today on. At most a year from now."),
    )  # fmt: skip
    grace_days = forms.IntegerField(
        label=_("Days of grace"), min_value=0, max_value=365, required=False, help_text=_("Empty: none."),
    )  # fmt: skip
    hand_over = forms.ChoiceField(
        label=_("How does the code reach the person?"), required=False, widget=forms.RadioSelect
    )
    identity = forms.ChoiceField(
        label=_("How did the person prove who they are?"), choices=IDENTITY,
        error_messages={"required": _("Say how the person proved who they are.")},
    )  # fmt: skip
    reason = LineField(
        label=_("Reason"), max_length=500, error_messages={"required": _("Say why; it is kept in the audit trail.")},
        help_text=_("Kept in the audit trail; at most 500 characters."),
    )  # fmt: skip
    serial = LineField(
        label=_("Serial number of the token"), max_length=128,
        error_messages={"required": _("Type the serial number.")},
    )  # fmt: skip
    number = LineField(
        label=_("Phone number"), max_length=100, widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
        error_messages={"required": _("Type the phone number.")},
        help_text=_("With the country code, such as +49 170 1234567."),
    )  # fmt: skip
    confirmation = forms.ChoiceField(
        label=_("Is the number confirmed?"), choices=CONFIRMATION, widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether a code is read back.")},
    )  # fmt: skip
    applications = forms.MultipleChoiceField(
        label=_("Where it works"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one application.")},
    )  # fmt: skip
    hours = forms.IntegerField(label=_("Hours it works"), min_value=1, initial=8)
    uses = forms.IntegerField(
        label=_("How often it works"), min_value=1, max_value=temporary.MOST_USES, initial=5,
        help_text=_("Every sign-in takes one."),
    )  # fmt: skip
    ticket = LineField(
        label=_("Ticket"), max_length=64, required=False,
        error_messages={"required": _("Name the ticket that this belongs to.")},
    )  # fmt: skip

    def __init__(
        self, act: Act, *args: Any, checked: bool = False, looking: bool = False,
        ways: Iterable[activation.HandOver] = (activation.HandOver.SHOWN,), **kwargs: Any,
    ) -> None:  # fmt: skip
        """`checked`: the caller has read back a code, so that this can be named as the proof. `looking`: only to see
        what the answers would come to, before there is a reason. `ways`: how an activation code can reach the
        person."""
        super().__init__(*args, **kwargs)
        self.looking = looking
        for name in [name for name in self.fields if name != "reason" and name not in act.asks]:
            del self.fields[name]
        self.order_fields([*(name for name in self.fields if name not in LAST), *LAST])
        self._choose("kind", [(one.slug, one.label) for one in kinds.registry().values() if one.signs_in])
        self._choose("identity", [*IDENTITY, *([CALLER] if checked else [])])
        self._choose("hand_over", [(way.value, HAND_OVER[way]) for way in ways])
        if "ticket" in self.fields and act.slug in VOUCHED:
            self.fields["ticket"].required = settings.TICKET_REQUIRED
        self._choose("applications", [(row.slug, _taker(row)) for row in temporary.takers()])
        self._choose("role", [("", _("No role")), *((role, role) for role in roles.RIGHTS)])

    def clean(self) -> None:
        if self.looking:
            self.errors.pop("reason", None)

    def clean_number(self) -> str:
        try:
            return normalise(self.cleaned_data["number"], region=None, rules=rules()).e164
        except Unusable as refused:
            raise forms.ValidationError(refusal(refused)) from None

    def clean_hours(self) -> int:
        hours: int = self.cleaned_data["hours"]
        if hours > settings.TEMPORARY_CODE_HOURS:
            raise forms.ValidationError(_("At most %(most)d hours.") % {"most": settings.TEMPORARY_CODE_HOURS})
        return hours

    def clean_until(self) -> date:
        day: date = self.cleaned_data["until"]
        now = timezone.now()
        if not timezone.localdate(now) <= day <= exemptions.last_possible(now):
            raise forms.ValidationError(_("Choose a day from today to half a year from now."))
        return day

    def clean_starts_on(self) -> date | None:
        day: date | None = self.cleaned_data["starts_on"]
        today = timezone.localdate()
        if day and not today <= day <= today + A_YEAR:
            raise forms.ValidationError(_("Choose a day from today to a year from now."))
        return day

    def clean_grace_days(self) -> int:
        return self.cleaned_data["grace_days"] or 0

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields.get(name)
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


def _taker(row: Application) -> str:
    """An application that takes temporary access codes, with its cool-down, which they wait for too."""
    if not row.cool_down_hours:
        return row.name
    return gettext("%(name)s (%(hours)d hours after it was given)") % {"name": row.name, "hours": row.cool_down_hours}


class PeopleField(forms.CharField):
    """Primary keys separated by commas, as the preview wrote them."""

    widget = forms.HiddenInput

    def clean(self, value: object) -> list[int]:
        words = str(super().clean(value)).split(",")
        if len(words) > MOST_PEOPLE or not all(is_number_of_a_row(word) for word in words):
            raise forms.ValidationError(_("Choose people from the list, at most 500 at a time."))
        return [int(word) for word in words]


class ChosenForm(forms.Form):
    people = PeopleField(max_length=MOST_PEOPLE * 19, error_messages={"required": _("Choose people from the list.")})


class AccountForm(ModelForm):
    """A local account. It gets no password here: nobody but its owner ever knows one."""

    class Meta:
        model = User
        fields = ("username", "name", "email")
        error_messages = {"username": {"required": _("Type a user name with letters or digits.")}}

    def clean_username(self) -> str:
        name = names.normalise(self.cleaned_data["username"])
        if not name:
            raise forms.ValidationError(_("Type a user name with letters or digits."))
        if User.objects.filter(username=name).exists():
            raise forms.ValidationError(_("There is a person with this user name already."))
        return name

    def clean_name(self) -> str:
        return one_line(self.cleaned_data["name"])


def told(order: Order) -> str:
    """Why, under which ticket and by which proof of identity: what whoever decides about the order reads."""
    proof = str(dict([*IDENTITY, CALLER]).get(order.identity, "")) if order.identity else ""
    return " · ".join(part for part in (order.reason, order.ticket, proof) if part)[:500]
