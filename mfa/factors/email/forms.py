"""The code that came by mail, as people type it."""

from __future__ import annotations

from typing import Any

from mfa.factors.email.factor import KIND
from mfa.pages.forms import CodeForm


class MailCodeForm(CodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = KIND.code_hint
