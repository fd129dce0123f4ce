"""What is asked for when a rule is made or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext as _, gettext_lazy

from mfa import kinds
from mfa.desk.forms import LineField
from mfa.models import Rule

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Rule]
else:
    ModelForm = forms.ModelForm

MOST_GRACE = 365
FACTORS = (
    (0, gettext_lazy("None")),
    (1, gettext_lazy("One")),
    (2, gettext_lazy("Two, so that one can be lost")),
    (3, gettext_lazy("Three")),
)


class RuleForm(ModelForm):
    """A rule as it would be; it is saved by `rules.save` only, after its preview."""

    name = LineField(
        label=gettext_lazy("Name"), max_length=100,
        help_text=gettext_lazy("As admins call it, such as “Finance has an app”."),
    )  # fmt: skip
    group = forms.ModelChoiceField(
        Group.objects.order_by("name"), label=gettext_lazy("Whom it concerns"), required=False,
        empty_label=gettext_lazy("Everybody"), help_text=gettext_lazy("Groups come from the directory."),
    )  # fmt: skip
    starts_on = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("From midnight. New accounts get the days of grace from their own first day."),
    )  # fmt: skip
    grace_days = forms.IntegerField(
        label=gettext_lazy("Days of grace"), min_value=0, max_value=MOST_GRACE,
        help_text=gettext_lazy("People go on as before and are reminded by mail 7 days and 1 day before the end."),
    )  # fmt: skip
    factors = forms.TypedChoiceField(
        label=gettext_lazy("Second factors that one must have"), choices=FACTORS, coerce=int, initial=1
    )
    backup = forms.BooleanField(label=gettext_lazy("Recovery codes too"), required=False)
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Only these kinds count"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Tick none to let every kind count."),
    )  # fmt: skip
    activation_only = forms.BooleanField(
        label=gettext_lazy("The first factor only with an activation code"), required=False,
        help_text=gettext_lazy("Else the password is enough to set up the first one."),
    )  # fmt: skip

    class Meta:
        model = Rule
        fields = ("name", "group", "starts_on", "grace_days", "factors", "backup", "kinds", "activation_only")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counted = [kind for kind in kinds.registry().values() if kind.signs_in and not (kind.backup or kind.lent)]
        choices = [(kind.slug, kind.marked_label) for kind in counted]
        field = self.fields["kinds"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        chosen = set(given.get("kinds") or [])
        if not (given.get("factors") or given.get("backup") or chosen or given.get("activation_only")):
            raise forms.ValidationError(_("This rule asks for nothing. Choose what people must have."))
        if given.get("factors") and chosen and not any(kinds.kind(slug).alone for slug in chosen):
            self.add_error("kinds", _("Nobody could meet this: none of these kinds can stand alone."))
        return given
