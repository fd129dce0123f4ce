"""The module that FreeRADIUS is given: whom it trusts before it shows the key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

MODULE = (Path(settings.BASE_DIR) / "deploy" / "freeradius" / "mods-portal").read_text(encoding="utf-8")


@pytest.mark.row("N-29")
@pytest.mark.parametrize("check", ["check_cert", "check_cert_cn"])
def test_freeradius_verifies_the_portals_certificate_and_name_before_it_sends_anything(check: str) -> None:
    assert re.findall(rf"^\s*{check} = (\w+)$", MODULE, re.MULTILINE) == ["yes"]
    assert re.search(r'^\s*portal_url = "https://', MODULE, re.MULTILINE)
